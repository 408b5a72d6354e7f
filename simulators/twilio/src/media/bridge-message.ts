/** What a server may say on a Media Stream: media, mark and clear, with exactly these fields. */
export type BridgeMessage = {event: 'media'; audio: Buffer} | {event: 'mark'; name: string} | {event: 'clear'};

/** A message, or why Twilio ignores it (error 31951). `warning`: Twilio would play it, but it is a mistake. */
export type ReadBridgeMessage =
  | {ok: true; message: BridgeMessage; warning?: string}
  | {ok: false; code: 31951; detail: string};

/** Reads one text message. Twilio ignores a message with a missing or an extra field, and the stream goes on. */
export function readBridgeMessage(text: string, streamSid: string): ReadBridgeMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('not JSON');
  }
  if (!isRecord(value)) return refuse('not a JSON object');
  switch (value['event']) {
    case 'media':
      return misfit(value, ['event', 'streamSid', 'media'], streamSid) ?? readMedia(value['media']);
    case 'mark':
      return misfit(value, ['event', 'streamSid', 'mark'], streamSid) ?? readMark(value['mark']);
    case 'clear':
      return misfit(value, ['event', 'streamSid'], streamSid) ?? {ok: true, message: {event: 'clear'}};
    default:
      return refuse(`unknown event ${JSON.stringify(value['event'])}`);
  }
}

function readMedia(media: unknown): ReadBridgeMessage {
  if (!isRecord(media)) return refuse('media is not an object');
  const wrong = wrongKeys(media, ['payload']);
  if (wrong) return refuse(`media has ${wrong}`);
  const {payload} = media;
  if (typeof payload !== 'string') return refuse('media.payload is not a text');
  const audio = Buffer.from(payload, 'base64');
  if (payload === '') return refuse('media.payload is empty');
  if (audio.toString('base64') !== payload) return refuse('media.payload is not base64');
  if (isBase64Text(audio)) return refuse('media.payload is base64 of base64');
  const header = audio.toString('latin1', 0, 4);
  const message: BridgeMessage = {event: 'media', audio};
  return header === 'RIFF' || header === '.snd'
    ? {
        ok: true,
        message,
        warning: `media.payload begins with a file header (${header}), which the caller hears as a click`,
      }
    : {ok: true, message};
}

function readMark(mark: unknown): ReadBridgeMessage {
  if (!isRecord(mark)) return refuse('mark is not an object');
  const wrong = wrongKeys(mark, ['name']);
  if (wrong) return refuse(`mark has ${wrong}`);
  return typeof mark['name'] === 'string'
    ? {ok: true, message: {event: 'mark', name: mark['name']}}
    : refuse('mark.name is not a text');
}

function misfit(
  value: Record<string, unknown>,
  keys: readonly string[],
  streamSid: string,
): ReadBridgeMessage | undefined {
  const wrong = wrongKeys(value, keys);
  if (wrong) return refuse(`${String(value['event'])} has ${wrong}`);
  if (value['streamSid'] !== streamSid)
    return refuse(`streamSid is ${JSON.stringify(value['streamSid'])}, not ${streamSid}`);
  return undefined;
}

function wrongKeys(value: Record<string, unknown>, keys: readonly string[]): string | undefined {
  const extra = Object.keys(value).filter(key => !keys.includes(key));
  if (extra.length > 0) return `the extra field ${extra.join(', ')}`;
  const missing = keys.filter(key => !(key in value));
  return missing.length > 0 ? `no field ${missing.join(', ')}` : undefined;
}

/** Sound never consists of base64 letters alone; audio that was encoded twice always does. */
function isBase64Text(audio: Buffer): boolean {
  return audio.length >= 16 && /^[A-Za-z0-9+/]+={0,2}$/.test(audio.toString('latin1'));
}

function refuse(detail: string): ReadBridgeMessage {
  return {ok: false, code: 31951, detail};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
