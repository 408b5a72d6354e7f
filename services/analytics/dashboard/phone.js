import {h} from './dom.js';
import {counted} from './format.js';
import {PhoneCall} from './phone-call.js';
import {drawLanes} from './phone-lanes.js';
import {isOn, nextLine, QUIET_LINE, sentenceOf} from './phone-line.js';
import {drawSoFar} from './phone-so-far.js';

const place = Object.fromEntries([...document.querySelectorAll('[id]')].map(element => [element.id, element]));
const FLOOR = {caller: 'you speak', assistant: 'the assistant speaks', both: 'both speak', nobody: 'nobody speaks'};
let current;
let line = QUIET_LINE;

/** `more`: what stands behind the sentence. */
function happened(event, ...more) {
  line = nextLine(line, event);
  // Said again only when it is another: a screen reader reads it out.
  const says = sentenceOf(line);
  if (place.state.textContent !== says || more.length > 0) place.state.replaceChildren(says, ...more);
  place.resume.hidden = !line.isPaused;
  place.kills.hidden = !(isOn(line) && current?.mayKill);
}

function drawFigures(call) {
  place.lanes.dataset.heardMs = call.heardMs ?? '';
  place.figures.replaceChildren(
    ...Object.entries(call.figures).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, String(value)))),
  );
}

function drawFloor(call) {
  const floor = call.over ? '' : call.floor;
  if (place.floor.dataset.floor !== floor) {
    place.floor.dataset.floor = floor;
    place.floor.className = `pill ${floor}`;
    place.floor.textContent = FLOOR[floor] ?? '';
  }
  place.floor.hidden = call.over;
  if (!call.over) requestAnimationFrame(() => drawFloor(call));
}

/** What is of use during a call only. Whoever uses keys is where the button was that they pressed. */
function showControls(isOn) {
  const hadFocus = [place.call, place['hang-up'], document.body].includes(document.activeElement);
  place.call.hidden = isOn;
  place.call.disabled = false;
  place.to.disabled = isOn;
  for (const id of ['hang-up', 'keypad']) place[id].hidden = !isOn;
  if (hadFocus) place[isOn ? 'hang-up' : 'call'].focus();
}

const link = (href, text) => [' ', h('a', {href}, text)];

function follow(call) {
  call.addEventListener('line', ({detail}) => happened(detail));
  call.addEventListener('figures', () => drawFigures(call));
  call.addEventListener('soFar', ({detail}) => {
    drawSoFar(place, detail);
    place.carried.textContent = `On ${detail.worker}, through ${detail.edge ?? 'no edge at the moment'}${
      detail.failovers.length > 0 ? `; the call has survived ${counted(detail.failovers.length, 'failure')}` : ''
    }`;
  });
  call.addEventListener('over', ({detail: how}) => {
    showControls(false);
    const record = call.callSid ? link(`/?view=calls&call=${call.callSid}`, 'Look at the call') : [];
    happened({event: 'over', ...how}, ...record);
  });
}

/** People write numbers with spaces and brackets in them. */
const dialled = text => (text.startsWith('+') ? text.replaceAll(/[\s().-]/g, '') : text);

async function call() {
  // Enter in the field of the number places a call, too.
  if (line.phase !== 'idle') return;
  place.call.disabled = true;
  happened({event: 'calling'});
  let began;
  try {
    began = new PhoneCall(await PhoneCall.microphone());
    follow(began);
    current = began;
    await began.open(dialled(place.to.value.trim()));
  } catch (problem) {
    began?.end({by: 'hungUp'});
    showControls(false);
    const isSignedOut = problem.status === 401;
    // The cure of the API is for programs.
    if (isSignedOut) problem.cure = undefined;
    happened({event: 'notBegun', problem}, ...(isSignedOut ? link('/', 'Sign in') : []));
    return;
  }
  if (began.over) return;
  drawSoFar(place, {turns: [], interruptions: [], toolCalls: [], transcript: []});
  place.carried.textContent = '';
  showControls(true);
  drawFigures(current);
  drawFloor(current);
  drawLanes(place.lanes, current);
}

const press = digit => current?.tell({event: 'dtmf', digit});

place.dial.addEventListener('submit', event => {
  event.preventDefault();
  void call();
});
place['hang-up'].addEventListener('click', () => current?.hangUp());
place.resume.addEventListener('click', () => void current?.context.resume());
for (const what of ['worker', 'edge'])
  place[`kill-${what}`].addEventListener('click', () => current?.tell({event: 'kill', what}));
addEventListener('pagehide', () => current?.hangUp());
addEventListener('keydown', ({key, target, ctrlKey, metaKey, altKey}) => {
  const isTyping = target instanceof HTMLInputElement || ctrlKey || metaKey || altKey;
  if (!isTyping && current && !current.over && /^[0-9*#]$/.test(key)) press(key);
});
place.keypad.append(
  ...'123456789*0#'.split('').map(digit => h('button', {type: 'button', onclick: () => press(digit)}, digit)),
);
const wanted = new URLSearchParams(location.search).get('to');
// Of a number that somebody wrote into the address as it is, the plus has become a space.
if (wanted) place.to.value = wanted.replace(/^ (?=\d)/, '+');
