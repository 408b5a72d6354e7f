import {h} from './dom.js';
import {PhoneCall} from './phone-call.js';
import {drawLanes} from './phone-lanes.js';
import {drawSoFar} from './phone-so-far.js';

const place = Object.fromEntries([...document.querySelectorAll('[id]')].map(element => [element.id, element]));
const say = text => (place.state.textContent = text);
const FLOOR = {caller: 'you speak', assistant: 'the assistant speaks', both: 'both speak', nobody: 'nobody speaks'};
let current;

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

/** What is of use during a call only. */
function showControls(isOn) {
  place.call.hidden = isOn;
  place.call.disabled = false;
  for (const id of ['hang-up', 'keypad']) place[id].hidden = !isOn;
  for (const id of ['kills', 'resume']) place[id].hidden = true;
}

function finished(call) {
  showControls(false);
  const link = call.callSid && h('a', {href: `/?view=calls&call=${call.callSid}`}, 'Look at the call');
  place.state.replaceChildren(
    `Ended${call.why && call.why !== 'the call is over' ? `: ${call.why}` : ''}. `,
    ...(link ? [link] : []),
  );
}

function follow(call) {
  call.addEventListener('state', ({detail}) => {
    say(detail);
    place.kills.hidden = !call.mayKill;
  });
  call.addEventListener('figures', () => drawFigures(call));
  call.addEventListener('soFar', ({detail}) => {
    drawSoFar(place, detail);
    place.carried.textContent = `On ${detail.worker}, through ${detail.edge ?? 'no edge at the moment'}${
      detail.failovers.length > 0 ? `; it has survived ${detail.failovers.length}` : ''
    }`;
  });
  call.addEventListener('paused', ({detail: isPaused}) => {
    place.resume.hidden = !isPaused;
    if (isPaused) say('The browser has paused the sound of this page, and the call ends soon: press “Go on”.');
  });
  call.addEventListener('over', () => finished(call));
}

async function call() {
  place.call.disabled = true;
  say('Calling …');
  let began;
  try {
    began = new PhoneCall(await PhoneCall.microphone());
    follow(began);
    await began.open(place.to.value.trim());
  } catch (problem) {
    began?.end();
    showControls(false);
    say(`${problem.message}${problem.cure ? ` — ${problem.cure}` : ''}.`);
    return;
  }
  if (began.over) return;
  current = began;
  drawSoFar(place, {turns: [], interruptions: [], toolCalls: [], transcript: []});
  place.carried.textContent = '';
  showControls(true);
  place.kills.hidden = !current.mayKill;
  place.resume.hidden = current.context.state === 'running';
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
if (wanted) place.to.value = wanted;
