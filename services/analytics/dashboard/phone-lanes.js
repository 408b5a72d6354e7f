import {colour} from './dom.js';

const SECONDS_SHOWN = 30;

/** Two lanes that move while the call lasts: you above, the assistant below; a line where you made it fall silent. */
export function drawLanes(canvas, call) {
  const pen = canvas.getContext('2d');
  const {width, height} = canvas;
  const draw = () => {
    const now = performance.now();
    const oldest = now - SECONDS_SHOWN * 1_000;
    const xOf = at => width - ((now - at) / (SECONDS_SHOWN * 1_000)) * width;
    while (call.levels[0] && call.levels[0].at < oldest) call.levels.shift();
    while (call.cuts[0] < oldest) call.cuts.shift();
    pen.clearRect(0, 0, width, height);
    const colours = [colour('teal'), colour('accent')];
    for (const {side, loud, at} of call.levels) {
      const tall = Math.max(1, Math.sqrt(Math.min(1, loud)) * (height / 2 - 12));
      pen.fillStyle = colours[side];
      pen.fillRect(xOf(at), (side * height) / 2 + height / 4 - tall / 2, 2, tall);
    }
    pen.fillStyle = colour('rose');
    for (const at of call.cuts) pen.fillRect(xOf(at), 4, 2, height - 8);
    if (!call.over) requestAnimationFrame(draw);
  };
  draw();
}
