import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {MediaBus} from './media-bus.ts';

/** What the suite needs of one implementation. */
export interface BusesUnderTest {
  /** The buses of two processes that share one network. */
  readonly buses: readonly [MediaBus, MediaBus];
  /** Waits a moment, as long as a message needs. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

let names = 0;
/** A channel that no other test uses. */
const channel = () => `media:{bus-${process.pid}-${(names += 1)}}:up`;

/** What every media bus must do while nothing is wrong. */
export function describeMediaBus(name: string, open: () => Promise<BusesUnderTest>) {
  describe(`a media bus, ${name}`, () => {
    let under: BusesUnderTest;
    let here: MediaBus;
    let there: MediaBus;
    beforeEach(async () => {
      under = await open();
      [here, there] = under.buses;
    });
    afterEach(() => under.close());

    const eventually = async (isSo: () => void): Promise<void> => {
      const end = performance.now() + 5_000;
      for (;;) {
        try {
          return isSo();
        } catch (thrown) {
          if (performance.now() > end) throw thrown;
        }
        await under.pass();
      }
    };
    /** What a bus hears on a channel, in order. */
    const listen = async (bus: MediaBus, name: string) => {
      const heard: string[] = [];
      const leave = await bus.subscribe(name, message => heard.push(message.toString('latin1')));
      return {heard, leave};
    };

    test('tells a publisher how many processes got a message', async () => {
      const name = channel();
      expect(await here.publish(name, Buffer.from('nobody'))).toBe(0);
      const {heard, leave} = await listen(there, name);
      expect(await here.publish(name, Buffer.from('one'))).toBe(1);
      await eventually(() => expect(heard).toEqual(['one']));
      await leave();
      expect(await here.publish(name, Buffer.from('nobody'))).toBe(0);
    });

    test('carries every byte', async () => {
      const name = channel();
      const {heard} = await listen(there, name);
      const bytes = Buffer.from(Array.from({length: 256}, (_, byte) => byte));
      await here.publish(name, bytes);
      await here.publish(name, Buffer.alloc(0));
      await eventually(() => expect(heard).toEqual([bytes.toString('latin1'), '']));
    });

    test('carries frames in order, and reports each once, in order, with its tag', async () => {
      const name = channel();
      const {heard} = await listen(there, name);
      const results: [number, number][] = [];
      const outlet = here.outlet(name, (tag, receivers) => results.push([tag, receivers]));
      const bytes = Buffer.alloc(8);
      for (let n = 0; n < 300; n += 1) {
        bytes.write(`frame${String(n).padStart(3, '0')}`);
        outlet.send(bytes, n, n % 7 === 0 ? 'now' : 'soon');
        bytes.fill(0); // it was copied
        if (n % 50 === 0) await under.pass();
      }
      await eventually(() => expect(results).toHaveLength(300));
      expect(results).toEqual(Array.from({length: 300}, (_, n) => [n, 1]));
      await eventually(() => expect(heard).toHaveLength(300));
      expect(heard).toEqual(Array.from({length: 300}, (_, n) => `frame${String(n).padStart(3, '0')}`));
    });

    test('reports a frame that nobody got', async () => {
      const results: [number, number][] = [];
      here.outlet(channel(), (tag, receivers) => results.push([tag, receivers])).send(Buffer.from('x'), 7, 'soon');
      expect(results).toEqual([]); // never while it is being sent
      await eventually(() => expect(results).toEqual([[7, 0]]));
    });

    test('keeps channels apart', async () => {
      const all = await Promise.all(
        Array.from({length: 40}, async () => {
          const name = channel();
          return {name, ...(await listen(there, name))};
        }),
      );
      for (const {name} of all) here.outlet(name, () => {}).send(Buffer.from(name), 0, 'soon');
      await eventually(() => expect(all.every(({heard}) => heard.length === 1)).toBe(true));
      for (const {name, heard} of all) expect(heard).toEqual([name]);
    });

    test('tells every listener of a channel, until it leaves', async () => {
      const name = channel();
      const [first, second] = [await listen(there, name), await listen(there, name)];
      await here.publish(name, Buffer.from('1'));
      await eventually(() => expect([first.heard, second.heard]).toEqual([['1'], ['1']]));
      await first.leave();
      await first.leave();
      await here.publish(name, Buffer.from('2'));
      await eventually(() => expect([first.heard, second.heard]).toEqual([['1'], ['1', '2']]));
    });

    test('may be left and listened to again at once', async () => {
      const name = channel();
      const first = await listen(there, name);
      const [, second] = await Promise.all([first.leave(), listen(there, name)]);
      expect(await here.publish(name, Buffer.from('again'))).toBe(1);
      await eventually(() => expect([first.heard, second.heard]).toEqual([[], ['again']]));
    });

    test('carries messages of a process to itself', async () => {
      const name = channel();
      const {heard} = await listen(here, name);
      expect(await here.publish(name, Buffer.from('me'))).toBe(1);
      await eventually(() => expect(heard).toEqual(['me']));
    });

    test('holds a presence channel until it is let go', async () => {
      const name = channel();
      const letGo = await there.holdPresence(name);
      expect(await here.publish(name, Buffer.alloc(0))).toBe(1);
      await letGo();
      await eventually(() => {});
      await vi.waitFor(async () => expect(await here.publish(name, Buffer.alloc(0))).toBe(0));
    });

    test('is well', async () => {
      await eventually(() => expect(here.wellSince()).toBeDefined());
      expect(here.wellSince(channel())).toBeDefined();
      expect(here.linkedSince()).toBeDefined();
      expect(here.linkedSince(channel())).toBeDefined();
      await eventually(() => expect(here.trouble()).toBeUndefined());
    });
  });
}

/** Something that is done to the network, and mended before it resolves. */
export interface Fault {
  readonly title: string;
  readonly happen: () => Promise<void>;
  /** Whether a message may come twice: when a channel moves to another node, both may deliver it for a moment. */
  readonly mayDouble?: boolean;
}

const CHANNELS = 12;
const EVERY_MS = 10;

/** What every media bus must do when its network fails: it loses messages, says so, and works again by itself. */
export function describeMediaBusFaults(
  name: string,
  open: () => Promise<BusesUnderTest & {readonly faults: readonly Fault[]}>,
  titles: readonly string[],
) {
  describe(`a media bus, ${name}`, () => {
    test.each(titles)('whose network %s', {timeout: 90_000}, async title => {
      const under = await open();
      try {
        const fault = under.faults.find(each => each.title === title);
        if (!fault) throw new Error(`no such fault: ${title}`);
        await survives(under, fault);
      } finally {
        await under.close();
      }
    });
  });
}

/** Frames flow while the fault happens. */
async function survives({buses: [here, there]}: BusesUnderTest, fault: Fault): Promise<void> {
  const lines = await Promise.all(
    Array.from({length: CHANNELS}, async () => {
      const name = channel();
      const line = {name, sent: 0, heard: [] as number[], results: [] as [number, number][]};
      await there.subscribe(name, message => line.heard.push(message.readUInt32BE()));
      const outlet = here.outlet(name, (tag, receivers) => line.results.push([tag, receivers]));
      const bytes = Buffer.alloc(200);
      const send = () => {
        bytes.writeUInt32BE((line.sent += 1));
        outlet.send(bytes, line.sent, line.sent % 5 === 0 ? 'now' : 'soon');
      };
      return {line, send};
    }),
  );
  const speaking = setInterval(() => lines.forEach(({send}) => send()), EVERY_MS);
  try {
    await vi.waitFor(() => lines.forEach(({line}) => expect(line.heard.length).toBeGreaterThan(5)), {timeout: 10_000});
    await fault.happen();
    // Whatever was lost: every channel hears what is sent from now on.
    const now = lines.map(({line}) => line.sent);
    await vi.waitFor(
      () => lines.forEach(({line}, n) => expect(line.heard.filter(each => each > now[n]!).length).toBeGreaterThan(20)),
      {timeout: 15_000},
    );
  } finally {
    clearInterval(speaking);
  }
  await vi.waitFor(() => lines.forEach(({line}) => expect(line.results).toHaveLength(line.sent)), {timeout: 10_000});
  for (const {line} of lines) {
    // Every frame is reported once.
    expect(line.results.map(([tag]) => tag).toSorted((a, b) => a - b)).toEqual(
      Array.from({length: line.sent}, (_, n) => n + 1),
    );
    const heard = new Set(line.heard);
    expect(line.heard.length - heard.size).toBeLessThanOrEqual(fault.mayDouble ? 3 : 0);
    if (!fault.mayDouble) expect(line.heard).toEqual(line.heard.toSorted((a, b) => a - b));
  }
  await vi.waitFor(() => expect(here.wellSince()).toBeDefined(), {timeout: 10_000});
  await vi.waitFor(() => expect(here.trouble()).toBeUndefined(), {timeout: 10_000});
}
