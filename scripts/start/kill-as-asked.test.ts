import {expect, test} from 'vitest';
import {readLine} from '../../tools/local-stack/log-line.ts';
import type {Kept} from './keep-running.ts';
import {killAsAsked} from './kill-as-asked.ts';

/** An edge and a worker; the edge has also said which worker has a call. */
function processes() {
  const killed: string[] = [];
  const kept = (name: string, said: object): Kept => ({
    name,
    pid: () => 1,
    lines: () => [readLine('out', JSON.stringify(said))],
    kill: () => void killed.push(name),
    restart: async () => {},
    stop: async () => {},
  });
  const all = [
    {planned: {service: 'media-edge'}, process: kept('edge-1', {edge: 'edge-a', worker: 'worker-b'})},
    {planned: {service: 'realtime-worker'}, process: kept('worker-1', {worker: 'worker-b'})},
  ] as const;
  return {all, killed};
}

test('the process that has the call is killed, and the operator reads which one it was', () => {
  const {all, killed} = processes();
  expect(killAsAsked({kill: 'worker', id: 'worker-b'}, all)).toMatch(/^worker-1 was killed/);
  expect(killAsAsked({kill: 'edge', id: 'edge-a'}, all)).toMatch(/^edge-1 was killed/);
  expect(killed).toEqual(['worker-1', 'edge-1']);
});

test('a process of another machine, and what is no request, kill nothing', () => {
  const {all, killed} = processes();
  expect(killAsAsked({kill: 'worker', id: 'worker-elsewhere'}, all)).toContain('nothing was killed');
  expect(killAsAsked({kill: 'database', id: 'x'}, all)).toContain('no request');
  expect(killed).toEqual([]);
});
