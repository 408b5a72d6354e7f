// @ts-check
/**
 * Loaded into every measured Node process (`--import`), ours or another bridge's. It connects to the benchmark's socket
 * (BENCH_PROBE) and answers one JSON line with another: garbage-collection pauses, the heap, a processor profile of what
 * is measured. It costs nothing while nobody asks, keeps no process alive, and works from Node 18 on.
 */
import {writeFileSync} from 'node:fs';
import {Session} from 'node:inspector';
import {connect} from 'node:net';
import {performance, PerformanceObserver} from 'node:perf_hooks';
import {createInterface} from 'node:readline';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

const path = process.env['BENCH_PROBE'];
/** @type {number[]} Pauses since `begin`, in ms. */
let pauses = [];
let loop = performance.eventLoopUtilization();
/** Processor time of this thread so far, in ms; of the whole process before Node 24. */
const used = () => {
  const {user, system} = (process.threadCpuUsage ?? process.cpuUsage).call(process);
  return (user + system) / 1_000;
};
/** @type {ReturnType<typeof setInterval> | undefined} */
let watch;
let longestTurn = 0;
const session = new Session();

if (path !== undefined) {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.unref();
  socket.write(`${JSON.stringify({pid: process.pid})}\n`);
  new PerformanceObserver(list => {
    for (const {duration} of list.getEntries()) pauses.push(duration);
  }).observe({entryTypes: ['gc']});
  createInterface({input: socket}).on('line', line => {
    const {id, ask, profile, turns} = JSON.parse(line);
    void answer(ask, profile, turns === true).then(found => socket.write(`${JSON.stringify({id, ...found})}\n`));
  });
}

async function answer(
  /** @type {string} */ ask,
  /** @type {string | undefined} */ profile,
  /** @type {boolean} */ turns,
) {
  if (ask === 'begin') {
    pauses = [];
    loop = performance.eventLoopUtilization();
    if (turns) watchTurns();
    if (profile !== undefined) beginProfile();
    return {};
  }
  if (ask === 'end') {
    clearInterval(watch);
    const found = {pauses, longestTurnMs: longestTurn, threadBusy: performance.eventLoopUtilization(loop).utilization};
    if (profile !== undefined) await endProfile(profile);
    return found;
  }
  // `heap`: what is alive, without what waits to be collected. Twice: weak references and buffers go in the second.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  const {heapUsed, external} = process.memoryUsage();
  return {heapBytes: heapUsed + external};
}

/** Between two looks there is one long turn, or several short ones. */
function watchTurns() {
  clearInterval(watch);
  longestTurn = 0;
  let before = used();
  watch = setInterval(() => {
    const now = used();
    longestTurn = Math.max(longestTurn, now - before);
    before = now;
  }, 2);
  watch.unref();
}

function beginProfile() {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', {interval: 500});
  session.post('Profiler.start');
}

async function endProfile(/** @type {string} */ file) {
  const profile = await new Promise((resolve, reject) => {
    session.post('Profiler.stop', (error, found) => (error ? reject(error) : resolve(found.profile)));
  });
  session.disconnect();
  writeFileSync(file, JSON.stringify(profile));
}
