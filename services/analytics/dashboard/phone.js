import {post} from './api.js';
import {colour, h} from './dom.js';

/** Louder than this, somebody speaks; 0 to 1. */
const SPEAKS = 0.04;
/** A silence of so many milliseconds ends what somebody said. */
const PAUSE_MS = 350;
const SECONDS_SHOWN = 30;

const place = Object.fromEntries(
  ['dial', 'to', 'call', 'hang-up', 'state', 'lanes', 'figures', 'keypad'].map(id => [id, document.getElementById(id)]),
);
const say = text => (place.state.textContent = text);
let current;

/** Who speaks since when, seen from this ear. */
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

/** One call: the microphone, the ear piece and the socket between them and the network. */
class Call {
  figures = {'Time to first word': '–', 'Turn gap': '–', 'Silent after you began': '–', Interruptions: 0};
  you = new Voice();
  assistant = new Voice();
  levels = [];
  startedAt = performance.now();

  static async begin(to) {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error('this browser gives no microphone to this address: open it as http://127.0.0.1 or over https');
    const microphone = await navigator.mediaDevices
      .getUserMedia({audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true}})
      .catch(refused => {
        throw new Error(
          refused.name === 'NotAllowedError'
            ? 'the microphone was refused: allow it for this page, then call again'
            : 'no microphone was found: plug one in, then call again',
        );
      });
    const call = new Call();
    call.microphone = microphone;
    try {
      await call.open(to);
    } catch (problem) {
      call.end();
      throw problem;
    }
    return call;
  }

  async open(to) {
    this.context = new AudioContext({latencyHint: 'interactive'});
    await this.context.resume();
    await Promise.all(
      ['phone-microphone.js', 'phone-speaker.js'].map(file => this.context.audioWorklet.addModule(`/${file}`)),
    );
    const {ticket} = await post('/api/phone', to === '' ? {} : {to});
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/phone/${ticket}`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', ({data}) => this.heard(JSON.parse(data)));
    this.socket.addEventListener('close', () => this.end());
    this.speaker = new AudioWorkletNode(this.context, 'speaker', {numberOfInputs: 0, outputChannelCount: [1]});
    this.speaker.connect(this.context.destination);
    this.speaker.port.onmessage = ({data}) => this.played(data);
    const source = new AudioWorkletNode(this.context, 'microphone', {numberOfOutputs: 0});
    this.context.createMediaStreamSource(this.microphone).connect(source);
    source.port.onmessage = ({data}) => this.spoke(data);
  }

  tell(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
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
    // For whoever wants to compare it with what the model was told.
    if (cleared) place.lanes.dataset.heardMs = heardMs;
    if (cleared && this.you.since !== undefined && this.assistant.since !== undefined) {
      this.figure('Silent after you began', `${Math.round(at - this.you.since)} ms`);
      this.figure('Interruptions', this.figures.Interruptions + 1);
    }
    if (loud === undefined) return;
    const wasSilent = this.assistant.since === undefined;
    this.assistant.loud(loud, at);
    this.level(1, loud);
    if (!wasSilent || this.assistant.since === undefined) return;
    if (this.figures['Time to first word'] === '–')
      this.figure('Time to first word', `${Math.round(at - this.startedAt)} ms`);
    else if (this.lastSpokeAt !== undefined && this.you.since === undefined)
      this.figure('Turn gap', `${Math.round(at - this.lastSpokeAt)} ms`);
  }

  /** A message of the network or the edge. */
  heard(message) {
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
      case 'say':
        this.speak(message.text);
        return;
      case 'connected':
        this.callSid = message.callSid;
        say('Connected: speak.');
        return;
      case 'reconnecting':
        say('The line broke: the call goes on in a moment.');
        return;
      case 'ended':
        this.why = message.why;
        return;
      default:
    }
  }

  /** A sentence of the network itself, which a telephone network would speak with a voice of its own. */
  speak(text) {
    say(`The network says: “${text}”`);
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
    while (this.levels[0] && at - this.levels[0].at > SECONDS_SHOWN * 1_000) this.levels.shift();
  }

  figure(name, value) {
    this.figures[name] = value;
    drawFigures();
  }

  hangUp() {
    this.tell({event: 'hangUp'});
    this.end();
  }

  end() {
    if (this.over) return;
    this.over = true;
    this.socket?.close();
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.context?.close().catch(() => {});
    finished(this);
  }
}

function drawFigures() {
  place.figures.replaceChildren(
    ...Object.entries(current?.figures ?? {}).map(([name, value]) =>
      h('div', {}, h('dt', {}, name), h('dd', {}, String(value))),
    ),
  );
}

/** Two lanes that move: you above, the assistant below. */
function drawLanes() {
  if (!current) return;
  const canvas = place.lanes;
  const pen = canvas.getContext('2d');
  const {width, height} = canvas;
  const now = performance.now();
  pen.clearRect(0, 0, width, height);
  const colours = [colour('teal'), colour('accent')];
  for (const {side, loud, at} of current.levels) {
    const x = width - ((now - at) / (SECONDS_SHOWN * 1_000)) * width;
    const tall = Math.max(1, Math.sqrt(Math.min(1, loud)) * (height / 2 - 12));
    pen.fillStyle = colours[side];
    pen.fillRect(x, (side * height) / 2 + height / 4 - tall / 2, 2, tall);
  }
  if (!current.over) requestAnimationFrame(drawLanes);
}

function finished(call) {
  place.call.hidden = false;
  place.call.disabled = false;
  place['hang-up'].hidden = true;
  place.keypad.hidden = true;
  const link = call.callSid && h('a', {href: `/?view=calls&call=${call.callSid}`}, 'Look at the call');
  place.state.replaceChildren(
    `Ended${call.why && call.why !== 'the call is over' ? `: ${call.why}` : ''}. `,
    ...(link ? [link] : []),
  );
}

async function call() {
  place.call.disabled = true;
  say('Calling …');
  try {
    current = await Call.begin(place.to.value.trim());
  } catch (problem) {
    place.call.disabled = false;
    say(`${problem.message}${problem.cure ? ` — ${problem.cure}` : ''}.`);
    return;
  }
  place.call.hidden = true;
  place['hang-up'].hidden = false;
  place.keypad.hidden = false;
  drawFigures();
  drawLanes();
}

place.dial.addEventListener('submit', event => {
  event.preventDefault();
  void call();
});
place['hang-up'].addEventListener('click', () => current?.hangUp());
addEventListener('pagehide', () => current?.hangUp());
place.keypad.append(
  ...'123456789*0#'
    .split('')
    .map(digit => h('button', {type: 'button', onclick: () => current?.tell({event: 'dtmf', digit})}, digit)),
);
const wanted = new URLSearchParams(location.search).get('to');
if (wanted) place.to.value = wanted;
