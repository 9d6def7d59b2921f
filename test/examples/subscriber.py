"""Prints a line of JSON for each `credential.expired` of libs/events/asyncapi.yaml. What it cannot mend by itself ends it:
run it where it is started again. Needs nats-py."""

import asyncio
import json
import os
import signal

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

NATS_URL = os.environ.get("NATS_URL", "127.0.0.1:4222")
USER = {"user": os.environ.get("NATS_USER"), "password": os.environ.get("NATS_PASSWORD")}
DURABLE = os.environ.get("DURABLE", "expiry-python")
SUBJECT = "credence.v1.*.credential.expired.*"
SETTINGS = {"deliver_policy": DeliverPolicy.ALL, "ack_policy": AckPolicy.EXPLICIT, "ack_wait": 30, "max_deliver": -1, "max_ack_pending": 1}
REMEMBERED = 10_000


def line_of(message):
    """A hint, and no more: before doing anything about it, read the credential through the API."""
    event = message.headers or {}
    if event.get("ce-type") != "dev.credence.credential.expired" or not event.get("ce-id"):
        return None
    if event.get("ce-subject") != message.subject.split(".")[-1]:
        return None
    try:
        data = json.loads(message.data)
        told = {name: data[name] for name in ("reason", "reconnect_url") if name in data}
    except (ValueError, TypeError):
        return None
    return json.dumps({"credential_id": event["ce-subject"], **told}, separators=(",", ":"))


async def main():
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    nc = await nats.connect(NATS_URL, **USER, max_reconnect_attempts=-1, name=DURABLE)
    config = ConsumerConfig(**SETTINGS)
    messages = await nc.jetstream().pull_subscribe(SUBJECT, durable=DURABLE, stream="CREDENCE", config=config)
    handled = {}
    while not stopping.is_set():
        try:
            [message] = await messages.fetch(1, timeout=1)
        except nats.errors.TimeoutError:
            continue
        if (line := line_of(message)) is None:
            await message.term()
            continue
        # At least once: a repeat has the same id. A real subscriber keeps the ids where it keeps its work.
        if handled.setdefault(message.headers["ce-id"], line) is line:
            print(line, flush=True)
        if len(handled) > REMEMBERED:
            del handled[next(iter(handled))]
        await message.ack()
    if nc.is_connected:
        await nc.close()


asyncio.run(main())
