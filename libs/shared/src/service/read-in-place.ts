import type {Duplex} from 'node:stream';

/** One read takes at most as much as this, in bytes. */
const READ_SIZE = 65_536;
/** All sockets are read into this one, because what was read is worked off before the next read. */
const shared = Buffer.alloc(READ_SIZE);

/** What a socket of Node calls its handle, if it is one that can read into a buffer of ours. */
interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

/**
 * Reads a socket into one buffer of the process from now on. Otherwise Node makes a new buffer for each read and passes it
 * through its streams, which costs as much again as the read itself, fifty times a second and call.
 *
 * Node has this as the option `onread`, but only for sockets that we connect ourselves. For a socket that was accepted, or
 * that a library has connected, the fields are set here that `onread` sets. Returns false, and changes nothing, if this socket does not have them: then its
 * `data` events go on as they are. Pauses, the end and errors stay those of the stream.
 *
 * `read` gets bytes that are valid during the call only, and may change them.
 */
export function readInPlace(socket: Duplex, read: (bytes: Buffer) => void): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fields = Object.getOwnPropertySymbols(socket);
  const buffer = fields.find(({description}) => description === 'kBuffer');
  const callback = fields.find(({description}) => description === 'kBufferCb');
  if (!canReadInPlace(handle) || buffer === undefined || callback === undefined) return false;
  Reflect.set(socket, buffer, shared);
  Reflect.set(socket, callback, (length: number) => {
    read(shared.subarray(0, length));
    return true;
  });
  handle.useUserBuffer(shared);
  return true;
}

function canReadInPlace(handle: unknown): handle is Handle {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle;
}
