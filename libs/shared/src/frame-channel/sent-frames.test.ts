import fc from 'fast-check';
import {expect, test} from 'vitest';
import {SentFrames} from './sent-frames.ts';

test('the frames that are not confirmed are found by their numbers, whatever was confirmed or joined before', () => {
  const step = fc.constantFrom('push', 'push', 'push', 'drop', 'join');
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(40)), {maxLength: 200}), steps => {
      const frames = new SentFrames();
      let model: {seq: number; span: number}[] = [];
      let seq = 0;
      for (const [what, count] of steps) {
        if (what === 'push') {
          Object.assign(frames.push(), {seq: (seq += 1), span: 1});
          model.push({seq, span: 1});
        } else if (what === 'drop') {
          frames.drop(Math.min(count, frames.size));
          model = model.slice(count);
        } else {
          // Each frame that is not the fifth of its kind joins the one before.
          frames.filter((frame, before) => {
            if (!before || frame.seq % 5 === 0) return true;
            before.span += frame.span;
            return false;
          });
          model = model.reduce<typeof model>((kept, frame) => {
            const before = kept.at(-1);
            if (before && frame.seq % 5 !== 0) before.span += frame.span;
            else kept.push(frame);
            return kept;
          }, []);
        }
        const kept = Array.from({length: frames.size}, (_, place) => frames.at(place));
        expect(kept.map(frame => [frame?.seq, frame?.span])).toEqual(model.map(frame => [frame.seq, frame.span]));
        for (let wanted = 0; wanted <= seq + 1; wanted += 7) {
          const place = model.findIndex(frame => frame.seq + frame.span > wanted);
          expect(frames.placeOf(wanted)).toBe(place < 0 ? model.length : place);
        }
      }
    }),
    {numRuns: 60},
  );
});
