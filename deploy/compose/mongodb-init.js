// Run by mongosh inside the network of the server. May run any number of times.
const { readFileSync } = require('node:fs')

const secret = (name) => readFileSync(`/run/secrets/${name}`, 'utf8').trim()
const admin = db.getSiblingDB('admin')
const password = secret('mongodb-admin')

function isKnown() {
  try {
    return admin.auth('admin', password).ok === 1
  } catch {
    return false
  }
}

/** Allowed to nobody but the loopback, and only while there is no user. */
function found() {
  try {
    rs.initiate({ _id: 'credence', members: [{ _id: 0, host: 'mongodb:27017' }] })
  } catch (error) {
    if (error.codeName !== 'AlreadyInitialized') throw error
  }
  waitForPrimary()
  admin.createUser({ user: 'admin', pwd: password, roles: [{ role: 'userAdminAnyDatabase', db: 'admin' }] })
  admin.auth('admin', password)
}

function waitForPrimary() {
  while (!db.hello().isWritablePrimary) sleep(200)
}

if (isKnown()) waitForPrimary()
else found()
for (const [service, pwd] of Object.entries(JSON.parse(secret('mongodb-users.json')))) {
  const name = `credence_${service.replaceAll('-', '_')}`
  const database = db.getSiblingDB(name)
  const user = { pwd, roles: [{ role: 'readWrite', db: name }] }
  if (database.getUser(service) === null) database.createUser({ user: service, ...user })
  else database.updateUser(service, user)
}
