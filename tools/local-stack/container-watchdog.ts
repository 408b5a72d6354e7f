/**
 * Removes the containers of a run ($1) when its process is gone, however it ended: then our standard input ends. The run
 * writes a line with the number of its containers whenever it changes, so that one that has stopped all of them leaves us
 * nothing to do.
 */
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {runLabel} from './run-label.ts';

/** An engine may still be making what it was asked for in the last moment. */
const CLEAN_TIMES = 3;
/** For an engine that is away: it may be starting again. */
const TRIES = 150;
const TRY_EVERY_MS = 2_000;

let running = 0;
for await (const line of createInterface({input: process.stdin})) running = Number(line);
if (running > 0) await untilClean();

async function untilClean(): Promise<void> {
  let clean = 0;
  for (let tries = 0; tries < TRIES && clean < CLEAN_TIMES; tries += 1) {
    const left = await removeOurs().catch(() => -1);
    clean = left === 0 ? clean + 1 : 0;
    await sleep(TRY_EVERY_MS);
  }
}

/** How many there were. */
async function removeOurs(): Promise<number> {
  const {getContainerRuntimeClient} = await import('testcontainers');
  const {dockerode} = (await getContainerRuntimeClient()).container;
  const left = await dockerode.listContainers({all: true, filters: {label: [runLabel(process.argv[2] ?? '')]}});
  await Promise.allSettled(left.map(({Id}) => dockerode.getContainer(Id).remove({force: true, v: true})));
  return left.length;
}
