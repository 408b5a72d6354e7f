import {FakeClock} from '../testing/fake-clock.ts';
import {describeMediaBus} from './media-bus.contract.ts';
import {MemoryMediaBus} from './memory-media-bus.ts';

describeMediaBus('inside one process', async () => {
  const clock = new FakeClock();
  const bus = new MemoryMediaBus(clock);
  return {buses: [bus, bus], pass: () => clock.advanceAsync(5), close: () => bus[Symbol.asyncDispose]()};
});
