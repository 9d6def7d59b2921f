import { expect, test } from 'vitest'
import { looksLikeSecret } from './looks-like-secret.ts'

test.each([
  'sk_live_51Hxyzabcdefghijk',
  'sk-proj-abcdefghijklmnop1234',
  'my key is ghp_16C7e42F292c6912E7710c838347Ae178B4a',
  'crd_anything',
  'xoxb-123456789012-abcdef',
  'AKIAIOSFODNN7EXAMPLE',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
  '-----BEGIN RSA PRIVATE KEY-----',
  'the password is hunter22',
  'api_key: 0123456789',
  'Authorization: Bearer abcdef123456789',
  'https://ann:hunter2@acme.example/',
  'https://api.acme.example/v1?api_key=0a1b2c3d',
  'please use acorn-key-51f2c07ab9 for this',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==',
])('[S2-14] looks like a secret: %s', (text) => {
  expect(looksLikeSecret(text)).toBe(true)
})

test.each([
  'Acorn Mail',
  'https://docs.acornmail.example/guides/authentication-with-api-keys-v2',
  'developers.doverdesk.example/api/',
  'https://learn.example/en-us/graph/api/overview?view=graph-rest-1.0',
  'internationalization.management.platform.example',
  'Our ticket system, the one with API keys and tokens',
  'How do I get a token? I have a password for the site.',
  'https://mcp.elmcrm.example/mcp',
  'Service für Rechnungen und Angebote 2026',
  'ニッコーボードのAPIキー',
])('[S2-14] does not look like one: %s', (text) => {
  expect(looksLikeSecret(text)).toBe(false)
})
