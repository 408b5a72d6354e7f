import {post} from './api.js';

/** Louder than this, somebody speaks; 0 to 1. */
const SPEAKS = 0.04;
/** A silence of so many milliseconds ends what somebody said. */
const PAUSE_MS = 350;
/** A browser that wants a click before it plays anything never answers. */
const RESUMES_WITHIN = 2_000;

/** Why there is no microphone, and what to do about it, by the name of the browser's error. */
const NO_MICROPHONE = {
  NotAllowedError: 'the microphone was refused: allow it for this page, then call again',
  NotFoundError: 'no microphone was found: plug one in, then call again',
  NotReadableError: 'the microphone is used by another program: close that one, then call again',
};

/** Who speaks since when, as this ear and this microphone have it. */
class Voice {
  since = undefined;
  until = undefined;
  loud(level, at) {
    if (level > SPEAKS) {
      this.since ??= at;
      this.until = at;
    } else if (this.until !== undefined && at - this.until > PAUSE_MS) {
      this.since = undefined;
      this.until = undefined;
    }
  }
}

/**
 * One call: the microphone, the ear piece, and the socket between them and the network. Tells what happens with events:
 * `line` (detail: an event of phone-line.js), `figures`, `soFar`, `over` (detail: by what, or why).
 */
export class PhoneCall extends EventTarget {
  figures = {'Time to first word': '–', 'Turn gap': '–', 'Silent after you began': '–', Interruptions: 0};
  you = new Voice();
  assistant = new Voice();
  /** How loud each side was: {side: 0 you, 1 the assistant; loud, at}. */
  levels = [];
  /** When you made it fall silent. */
  cuts = [];
  startedAt = performance.now();
  over = false;

  /** Asks for the microphone. Rejects with a sentence for who sits here. */
  static async microphone() {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error('this browser gives no microphone to this address: open it as http://127.0.0.1 or over https');
    return await navigator.mediaDevices
      .getUserMedia({audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true}})
      .catch(refused => {
        throw new Error(NO_MICROPHONE[refused.name] ?? `the microphone does not work (${refused.name}): call again`);
      });
  }

  constructor(microphone) {
    super();
    this.microphone = microphone;
  }

  async open(to) {
    this.context = new AudioContext({latencyHint: 'interactive'});
    await Promise.race([this.context.resume(), new Promise(resolve => setTimeout(resolve, RESUMES_WITHIN))]);
    await Promise.all(
      ['phone-microphone.js', 'phone-speaker.js'].map(file => this.context.audioWorklet.addModule(`/${file}`)),
    ).catch(() => {
      throw new Error(
        'parts of this page were not loaded: see whether analytics runs, load this page again, then call',
      );
    });
    const {ticket} = await post('/api/phone', to === '' ? {} : {to});
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/phone/${ticket}`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', ({data}) => this.heard(JSON.parse(data)));
    let wasOpen = false;
    this.socket.addEventListener('open', () => (wasOpen = true));
    this.socket.addEventListener('close', () => this.end({by: wasOpen ? 'broke' : 'refused'}));
    this.speaker = new AudioWorkletNode(this.context, 'speaker', {numberOfInputs: 0, outputChannelCount: [1]});
    this.speaker.connect(this.context.destination);
    this.speaker.port.onmessage = ({data}) => this.played(data);
    const source = new AudioWorkletNode(this.context, 'microphone', {numberOfOutputs: 0});
    this.context.createMediaStreamSource(this.microphone).connect(source);
    source.port.onmessage = ({data}) => this.spoke(data);
    for (const track of this.microphone.getTracks()) {
      track.addEventListener('ended', () => this.hangUp({by: 'microphone'}));
      for (const name of ['mute', 'unmute'])
        track.addEventListener(name, () => this.happens('line', {event: 'muted', isMuted: track.muted}));
    }
    // A telephone call, another page or a laptop that slept may take the sound away in the middle.
    const look = () => this.happens('line', {event: 'sound', isPaused: this.context.state !== 'running'});
    this.context.addEventListener('statechange', () => this.over || look());
    look();
  }

  happens(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }

  tell(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Who has the floor, as this ear has it. */
  get floor() {
    const [you, assistant] = [this.you.since !== undefined, this.assistant.since !== undefined];
    return you && assistant ? 'both' : you ? 'caller' : assistant ? 'assistant' : 'nobody';
  }

  /** A frame of the microphone. */
  spoke(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
    let loud = 0;
    for (const byte of frame) loud = Math.max(loud, (((~byte & 0x0f) << 3) + 132) << ((~byte & 0x70) >> 4));
    this.you.loud(loud / 32_767, performance.now());
    this.level(0, loud / 32_767);
  }

  /** The ear piece has played something. */
  played({played, cleared, marks, heardMs, loud}) {
    for (const name of marks ?? (played === undefined ? [] : [played])) this.tell({event: 'mark', name});
    const at = performance.now();
    if (cleared) {
      this.heardMs = heardMs;
      if (this.you.since !== undefined && this.assistant.since !== undefined) {
        this.cuts.push(at);
        this.figures['Silent after you began'] = `${Math.round(at - this.you.since)} ms`;
        this.figures.Interruptions += 1;
      }
      this.happens('figures');
    }
    if (loud === undefined) return;
    const wasSilent = this.assistant.since === undefined;
    this.assistant.loud(loud, at);
    this.level(1, loud);
    if (!wasSilent || this.assistant.since === undefined) return;
    if (this.figures['Time to first word'] === '–')
      this.figures['Time to first word'] = `${Math.round(at - this.startedAt)} ms`;
    else if (this.lastSpokeAt !== undefined && this.you.since === undefined)
      this.figures['Turn gap'] = `${Math.round(at - this.lastSpokeAt)} ms`;
    this.happens('figures');
  }

  /** A message of the network or the edge. */
  heard(message) {
    if (this.over) return;
    switch (message.event) {
      case 'media': {
        const audio = Uint8Array.from(atob(message.media.payload), letter => letter.charCodeAt(0));
        this.speaker.port.postMessage({audio});
        return;
      }
      case 'mark':
        this.speaker.port.postMessage({mark: message.mark.name});
        return;
      case 'clear':
        this.speaker.port.postMessage({clear: true});
        return;
      case 'connected':
        this.callSid = message.callSid;
        this.mayKill = message.mayKill;
        this.happens('line', message);
        return;
      case 'soFar':
        this.happens('soFar', message);
        return;
      case 'ended':
        this.end(message.why === 'the call is over' ? {by: 'over'} : {why: message.why});
        return;
      case 'say':
        this.speak(message.text);
        this.happens('line', message);
        return;
      default:
        this.happens('line', message);
    }
  }

  /** A sentence of the network itself, which a telephone network would speak with a voice of its own. */
  speak(text) {
    const done = () => this.tell({event: 'said'});
    if (!('speechSynthesis' in window) || speechSynthesis.getVoices().length === 0) {
      setTimeout(done, 60 * text.length);
      return;
    }
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.addEventListener('end', done);
    spoken.addEventListener('error', done);
    speechSynthesis.speak(spoken);
  }

  level(side, loud) {
    const at = performance.now();
    if (side === 0 && this.you.until !== undefined) this.lastSpokeAt = this.you.until;
    this.levels.push({side, loud, at});
  }

  /** `how`: what ended it, as phone-line.js calls it. */
  hangUp(how = {by: 'hungUp'}) {
    this.tell({event: 'hangUp'});
    this.end(how);
  }

  end(how) {
    if (this.over) return;
    this.over = true;
    this.socket?.close();
    for (const track of this.microphone.getTracks()) track.stop();
    this.context?.close().catch(() => {});
    this.happens('over', how);
  }
}
