/**
 * Where do callers end whom an assistant sends to a person, with a ring tone and with music? Every service is a process of its
 * own; the people at the simulated Twilio answer, are busy, do not answer or decline; callers hang up meanwhile; workers are
 * killed and drained and webhooks are killed meanwhile; REST refuses; status callbacks are late and come twice.
 *
 *   npm run bench transfers -- [--total 500] [--calls 20] [--scenes warm]
 */
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {percentiles} from '../load/percentiles.ts';
import {transfers} from './run.ts';
import {isDialled, isWarm, SCENES} from './scenes.ts';

const {values} = parseArgs({
  options: {
    total: {type: 'string', default: '500'},
    calls: {type: 'string', default: '20'},
    scenes: {type: 'string', default: ''},
  },
});
const began = performance.now();
const seconds = () => `${Math.round((performance.now() - began) / 1_000)} s`;
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const scenes = SCENES.filter(({name}) => name.includes(values.scenes));
if (scenes.length === 0)
  throw new Error(`no scene has ${values.scenes} in its name: ${SCENES.map(({name}) => name).join(', ')}`);
const all = await transfers({
  scenes,
  total: Number(values.total),
  atOnce: Number(values.calls),
  say: line => console.log(`${seconds()}: ${line}`),
});
console.table(
  scenes.map(scene => {
    const of = all.filter(each => each.scene === scene);
    return {
      scene: scene.name,
      transfers: of.length,
      'must end as': `${scene.endReason}, ${scene.outcome}${scene.isBack ? ', back' : ''}`,
      'as the table says': of.filter(({wrong}) => wrong.length === 0).length,
      'lost streams': of.reduce((sum, {lostStreams}) => sum + lostStreams, 0),
    };
  }),
);
const wrong = all.filter(each => each.wrong.length > 0);
for (const each of wrong.slice(0, 30)) console.log(`${each.scene.name} (${each.callSid}): ${each.wrong.join('; ')}`);
const known = (figures: readonly (number | undefined)[]) =>
  figures.flatMap(ms => (ms === undefined ? [] : [Math.round(ms)]));
const [cold, warm] = [
  all.filter(({scene}) => !isWarm(scene)),
  all.filter(({scene}) => isWarm(scene) && !isDialled(scene)),
];
console.log('without speech, ring tone or music, in ms:');
console.table({
  'from the last word to the ring tone': percentiles(known(cold.map(({leavesMs}) => leavesMs))),
  'from the ring tone to the first word': percentiles(known(cold.map(({returnsMs}) => returnsMs))),
  'from the last word to the music': percentiles(known(warm.map(({leavesMs}) => leavesMs))),
  'from the music to the first word': percentiles(known(warm.map(({returnsMs}) => returnsMs))),
});
const lost = all.reduce((sum, {lostStreams}) => sum + lostStreams, 0);
const isMet = all.length > 0 && wrong.length === 0 && lost === 0;
console.log(
  isMet
    ? `Every caller ended where the table says, after ${seconds()}.`
    : `Not met, after ${seconds()}: ${wrong.length} callers ended elsewhere, ${lost} absences counted as lost streams.`,
);
process.exitCode = isMet ? 0 : 1;
