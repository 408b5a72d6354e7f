/**
 * A Redis written in JavaScript, as a process of its own: `node embedded-redis.ts [port]`. It serves loopback only, says
 * `ready <port>` once it does, and ends when its standard input ends, so it cannot outlive the process that started it.
 */
import {once} from 'node:events';
import {createRedisServer} from 'js-redis-server';
import {portOf} from '@voicebridge/shared/service/http.ts';

const {server} = await createRedisServer();
// It listens on every interface by then. Listen again, on loopback only.
const listener = server.server;
listener.close();
await once(listener, 'close');
listener.on('connection', socket => socket.setNoDelay(true));
listener.listen(Number(process.argv[2] ?? 0), '127.0.0.1');
await once(listener, 'listening');

const stop = () => process.exit(0);
process.stdin.on('end', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
process.stdout.on('error', stop).write(`ready ${portOf(listener)}\n`);
