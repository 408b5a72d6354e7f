import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';

/** Something in Redis, which rejects every call while Redis is down. */
export function unreachableWhile<Thing extends object>(isDown: () => boolean, thing: Thing): Thing {
  return new Proxy(thing, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        isDown() ? Promise.reject(new Error('Redis is unavailable')) : (Reflect.apply(value, target, args) as unknown);
    },
  });
}

/** A directory that reports to `broken` when the epoch of a call goes down. */
export function watched(directory: CallDirectory, broken: (rule: string) => void): CallDirectory {
  const epochs = new Map<string, number>();
  return new Proxy(directory, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const result: unknown = await Reflect.apply(value, target, args);
        if (typeof args[0] === 'string' && args[0].startsWith('CA')) {
          const call = await target.read(args[0] as Parameters<CallDirectory['read']>[0]);
          const before = epochs.get(args[0]) ?? 0;
          if (call && call.epoch < before) broken(`the epoch of ${args[0]} went from ${before} to ${call.epoch}`);
          if (call) epochs.set(args[0], call.epoch);
        }
        return result;
      };
    },
  });
}
