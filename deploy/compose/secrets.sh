#!/bin/sh
# Makes the secrets of compose.yaml, once: passwords of the engines, the addresses that contain them, the root key.
# Keep root.key somewhere else, too: without it what is sealed cannot be opened by anybody.
set -eu
folder="$(cd "$(dirname "$0")" && pwd)/secrets"
if [ -e "$folder" ]; then
  echo "$folder is there already. Remove it only together with the volumes: they are of these passwords and this key." >&2
  exit 1
fi
partial="$folder.new"
rm -rf "$partial"
# Nobody else gets through the folder. The files can be read by all, since containers have user ids of their own.
umask 077
mkdir "$partial"
cd "$partial"

random() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

users=''
accounts=''
redis=$(random 24)
for service in registry vault token-refresher verifier gateway; do
  store=$(random 24)
  bus=$(random 24)
  database="credence_$(printf %s "$service" | tr - _)"
  {
    echo "CREDENCE_STORE_URL=mongodb://$service:$store@mongodb:27017/$database?replicaSet=credence"
    echo "CREDENCE_NATS_URL=nats://$service:$bus@nats:4222"
    if [ "$service" = token-refresher ]; then echo "CREDENCE_REDIS_URL=redis://:$redis@redis:6379"; fi
  } >"$service.env"
  users="$users${users:+, }\"$service\": \"$store\""
  accounts="$accounts    { user: \"$service\", password: \"$bus\" }
"
done
echo "{$users}" >mongodb-users.json
random 24 >mongodb-admin
random 48 >mongodb.key
echo "requirepass $redis" >redis.conf
echo "credence-key-1 $(random 32)" >root.key
cat >nats-users.conf <<END
authorization {
  # Facts, dead letters and claims; JetStream's own subjects, among them the one that tells of a stream that is gone.
  default_permissions: {
    publish: ["credence.>", "\$JS.API.>", "\$JS.ACK.>", "\$JS.FC.>"]
    subscribe: ["credence.>", "_INBOX.>", "\$JS.EVENT.ADVISORY.STREAM.>"]
  }
  users: [
$accounts  ]
}
END
chmod 0444 ./*
mv "$partial" "$folder"
echo "Made $folder. Keep a copy of root.key in another place."
