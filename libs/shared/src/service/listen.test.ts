import {networkInterfaces} from 'node:os';
import {createServer} from 'node:http';
import {expect, test} from 'vitest';
import {closeServer, listen} from './http.ts';

const hasIPv6 = Object.values(networkInterfaces()).some(all => all?.some(({address}) => address === '::1'));

test.runIf(hasIPv6)(
  'whoever has only IPv6 reaches a process that listens on every address, as those with IPv4 do',
  async () => {
    const server = createServer((_, response) => void response.end('here'));
    const port = await listen(server, 0);
    const answers = await Promise.all(
      ['127.0.0.1', '[::1]'].map(async host => await (await fetch(`http://${host}:${port}/`)).text()),
    );
    expect(answers).toEqual(['here', 'here']);
    await closeServer(server);
  },
);
