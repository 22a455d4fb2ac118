'use strict';

// Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
//
// node server.js PORT REDIS-SOCKET SECRET-FILE
//
// The receiver one would write with fastify and ioredis: the raw body, its
// signature, XADD, and 200 after the reply; commands are pipelined by ioredis
// within a turn of the event loop.

const crypto = require('crypto');
const fs = require('fs');
const fastify = require('fastify');
const Redis = require('ioredis');

const [port, socket, file] = process.argv.slice(2);
const secret = fs.readFileSync(file, 'utf8').trim();
const redis = new Redis({ path: socket, enableAutoPipelining: true });
const app = fastify({ logger: false, bodyLimit: 4 * 1024 * 1024 });

app.addContentTypeParser('application/json', { parseAs: 'buffer' },
  (request, body, done) => done(null, body));

function valid(header, body) {
  if (typeof header !== 'string' || !/^sha256=[0-9a-f]{64}$/.test(header)) {
    return false;
  }

  const digest = crypto.createHmac('sha256', secret).update(body).digest();
  return crypto.timingSafeEqual(digest, Buffer.from(header.slice(7), 'hex'));
}

app.post('/webhook/whatsapp', async (request, reply) => {
  if (!valid(request.headers['x-hub-signature-256'], request.body)) {
    return reply.code(403).send();
  }

  try {
    await redis.xadd('lapor:{00}:msg', '*', 'b', request.body,
      't', Date.now());
  } catch (error) {
    return reply.code(503).send();
  }

  return reply.code(200).send();
});

app.listen({ port: Number(port), host: '127.0.0.1' });
