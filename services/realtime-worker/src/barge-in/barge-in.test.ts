import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {describe, expect, test} from 'vitest';
import {BargeIn} from './barge-in.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {FloorEffect, FloorEvent} from './floor-events.ts';
import {PlaybackLedger} from '../playback/playback-ledger.ts';

const immediate: FloorPolicy = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 350,
  uninterruptible: false,
};
const resume: FloorPolicy = {...immediate, mode: 'resume'};

/** A floor on an open stream, at Twilio's end of a wire without length: every mark is returned when a test says so. */
class Stage {
  readonly floor: BargeIn;
  readonly marks: string[] = [];

  constructor(policy: Partial<FloorPolicy> = {}, greets = false) {
    this.floor = new BargeIn({...immediate, ...policy}, new PlaybackLedger(1), greets);
    this.on({type: 'streamOpened'}, 0);
  }

  on(event: FloorEvent, at: number): FloorEffect[] {
    const effects = this.floor.on(event, at);
    for (const effect of effects) if ('mark' in effect) this.marks.push(effect.mark);
    return whole(effects);
  }

  /** Twilio returns the oldest mark. */
  echo(at: number): FloorEffect[] {
    return this.on({type: 'markReturned', name: this.marks.shift() ?? ''}, at);
  }

  reply(responseId: string, items: Record<string, number>, at: number, greeting = false): FloorEffect[] {
    const effects = this.on({type: 'responseStarted', responseId, greeting, asked: greeting}, at);
    for (const [itemId, ms] of Object.entries(items)) effects.push(...this.audio(responseId, itemId, ms, at));
    return effects;
  }

  audio(responseId: string, itemId: string, ms: number, at: number): FloorEffect[] {
    return this.on({type: 'assistantAudio', responseId, itemId, payload: silence(ms)}, at);
  }

  whole(responseId: string, items: Record<string, number>, at: number, greeting = false): FloorEffect[] {
    const effects = this.reply(responseId, items, at, greeting);
    for (const itemId of Object.keys(items)) this.on({type: 'itemFinished', itemId}, at);
    this.on({type: 'responseEnded', responseId}, at);
    return effects;
  }

  /** The model says that the caller speaks, and the frames say so too, unless they do not. */
  spoke(at: number, since = at, heard = true): FloorEffect[] {
    return this.on({type: 'callerSpoke', since, heard}, at);
  }

  /** The caller is heard in frame after frame. */
  heard(from: number, to: number): FloorEffect[] {
    const effects: FloorEffect[] = [];
    for (let at = from; at <= to; at += 20) effects.push(...this.on({type: 'callerHeard'}, at));
    return effects;
  }

  stopped(at: number, spokenMs: number): FloorEffect[] {
    return this.on({type: 'callerStopped', spokenMs}, at);
  }

  time(at: number): FloorEffect[] {
    return this.on({type: 'time'}, at);
  }
}

/** The first tenth of a second of a reply is sent apart; most tests do not care. */
function whole(effects: readonly FloorEffect[]): FloorEffect[] {
  return effects.reduce<FloorEffect[]>((joined, effect) => {
    const before = joined.at(-1);
    if (effect.do !== 'say' || before?.do !== 'say' || before.itemMs - before.itemFrom !== 105)
      return [...joined, effect];
    return [...joined.slice(0, -1), {...effect, itemFrom: before.itemFrom, payload: before.payload + effect.payload}];
  }, []);
}

const what = (effects: readonly FloorEffect[]) => effects.map(effect => effect.do);
const cuts = (effects: readonly FloorEffect[]) =>
  effects.flatMap(effect => (effect.do === 'truncate' ? [[effect.itemId, effect.audioEndMs]] : []));

describe('a caller who interrupts', () => {
  test('hears silence at once, and the model forgets what was not heard', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 1_000}, 0);
    stage.on({type: 'itemFinished', itemId: 'i1'}, 0);
    stage.audio('r1', 'i2', 1_000, 10);
    const effects = stage.spoke(1_400);
    expect(what(effects)).toEqual(['clear', 'mark', 'truncate', 'interrupted']);
    expect(cuts(effects)).toEqual([['i2', 400]]);
  });

  test('is measured: the cuts wait for the clear to land, the silence does not', () => {
    const stage = new Stage();
    stage.echo(20); // the way there and back takes 20 ms
    stage.reply('r1', {i1: 5_000}, 1_000);
    stage.echo(1_020);
    stage.echo(1_125);
    expect(what(stage.spoke(2_000))).toEqual(['clear', 'mark']);
    expect(stage.floor.quiet(2_001)).toBe(false);
    expect(stage.floor.deadline).toBe(2_200);
    const landed = stage.echo(2_025); // five milliseconds later than usual
    expect(cuts(landed)).toEqual([['i1', 1_005]]);
    expect(what(landed)).toEqual(['truncate', 'interrupted']);
    expect(stage.floor.quiet(2_026)).toBe(true);
  });

  test('does not wait for a clear that nobody confirms', () => {
    const stage = new Stage();
    stage.echo(20);
    stage.reply('r1', {i1: 5_000}, 1_000);
    stage.spoke(2_000);
    expect(stage.time(2_199)).toEqual([]);
    expect(cuts(stage.time(2_200))).toEqual([['i1', 1_000]]);
    expect(stage.echo(2_500)).toEqual([]);
  });

  test('is answered by a model that knows what was heard: cuts come before the next reply', () => {
    const stage = new Stage();
    stage.echo(20);
    stage.reply('r1', {i1: 5_000}, 1_000);
    stage.spoke(2_000);
    expect(cuts(stage.on({type: 'responseStarted', responseId: 'r2', greeting: false, asked: false}, 2_010))).toEqual([
      ['i1', 1_000],
    ]);
    stage.spoke(2_011);
  });

  test('after generation has ended, while the phone still plays, is cut all the same', () => {
    const stage = new Stage();
    stage.whole('r1', {i1: 3_000, i2: 3_000, i3: 2_000}, 0);
    expect(cuts(stage.spoke(3_500))).toEqual([
      ['i2', 500],
      ['i3', 0],
    ]);
  });

  test('over a finished reply never cuts what was fully heard', () => {
    const stage = new Stage();
    stage.whole('r1', {i1: 1_000}, 0);
    stage.echo(0);
    stage.echo(0);
    stage.echo(105);
    stage.echo(1_000);
    expect(stage.spoke(1_100)).toEqual([]);
  });

  test('when nothing is playing sends nothing', () => {
    const stage = new Stage();
    expect(stage.spoke(0)).toEqual([]);
    expect(stage.stopped(900, 400)).toEqual([]);
  });

  test('before any audio of a reply was heard is no interruption, and the reply stays silent', () => {
    const stage = new Stage();
    stage.reply('r1', {}, 0);
    expect(stage.spoke(100)).toEqual([]);
    expect(what(stage.audio('r1', 'i1', 200, 110))).not.toContain('say');
  });

  test('before the first audio of an item: what still comes of it is cut at 0, once', () => {
    const stage = new Stage();
    stage.whole('r0', {i0: 3_000}, 0);
    stage.reply('r1', {}, 0);
    stage.spoke(1_000);
    expect(cuts(stage.audio('r1', 'i1', 200, 1_010))).toEqual([['i1', 0]]);
    expect(stage.audio('r1', 'i1', 200, 1_020)).toEqual([]);
  });

  test('is claimed once, however often the model says so', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 5_000}, 0);
    expect(what(stage.spoke(1_000))).toContain('interrupted');
    expect(stage.spoke(1_010)).toEqual([]);
    expect(stage.stopped(1_500, 400)).toEqual([]);
    expect(stage.spoke(1_600)).toEqual([]);
  });

  test('never hears late audio of the silenced reply, also not after the next has begun', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 5_000}, 0);
    stage.spoke(1_000);
    expect(stage.audio('r1', 'i1', 250, 1_010)).toEqual([]);
    stage.reply('r2', {i3: 500}, 2_000);
    expect(stage.audio('r1', 'i1', 250, 2_010)).toEqual([]);
    stage.on({type: 'responseEnded', responseId: 'r1'}, 2_020);
    expect(stage.audio('r1', 'i1', 250, 2_030)).toEqual([]);
    expect(what(stage.audio('r2', 'i3', 250, 2_040))).toEqual(['say']);
  });

  test('a reply that the model is still making is cut at what came of it, even if all of that was heard', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 400}, 0);
    expect(cuts(stage.spoke(5_000))).toEqual([['i1', 400]]);
  });

  test('audio of a reply that was never announced is speech all the same', () => {
    const stage = new Stage();
    expect(what(stage.audio('r9', 'i9', 200, 0))).toEqual(['mark', 'say']);
    expect(cuts(stage.spoke(100))).toEqual([['i9', 100]]);
  });

  test('after a peer that returned no mark for long is not waiting for one', () => {
    const stage = new Stage();
    stage.whole('r1', {i1: 1_000}, 0);
    expect(stage.floor.quiet(2_500)).toBe(false);
    expect(stage.floor.quiet(3_001)).toBe(true);
    expect(stage.spoke(3_001)).toEqual([]);
  });
});

test('a reply into silence begins with a tenth of a second apart, so that an early interruption is placed well', () => {
  const floor = new BargeIn(immediate, new PlaybackLedger(1), false);
  floor.on({type: 'streamOpened'}, 0);
  const payload = Buffer.from(Array.from({length: 2_000}, (_, at) => at % 251)).toString('base64');
  const said = floor
    .on({type: 'assistantAudio', responseId: 'r1', itemId: 'i1', payload}, 0)
    .flatMap(effect => (effect.do === 'say' ? [effect] : []));
  expect(said.map(({itemFrom, itemMs}) => [itemFrom, itemMs])).toEqual([
    [0, 105],
    [105, 250],
  ]);
  expect(said.map(part => part.payload).join('')).toBe(payload);
});

describe('who stops the model', () => {
  test('where the server interrupts by itself, no cancel is sent', () => {
    const stage = new Stage();
    expect(stage.floor.serverRights.serverInterrupts).toBe(true);
    stage.reply('r1', {i1: 1_000}, 0);
    expect(what(stage.spoke(500))).not.toContain('cancel');
  });

  test('where it does not, we cancel, once and by name', () => {
    const stage = new Stage({minSpeechMs: 200});
    expect(stage.floor.serverRights.serverInterrupts).toBe(false);
    stage.reply('r1', {i1: 3_000}, 0);
    stage.spoke(564, 500);
    stage.heard(580, 680);
    expect(stage.time(700)).toContainEqual({do: 'cancel', responseId: 'r1'});
    expect(what(stage.spoke(800))).toEqual([]);
  });
});

describe('a greeting', () => {
  const greeting = () => {
    const stage = new Stage({greetingProtectedMs: 500}, true);
    stage.reply('r1', {i1: 2_000}, 1_000, true);
    return stage;
  };

  test('is not cancelled by noise before anybody hears it', () => {
    const stage = new Stage({greetingProtectedMs: 500}, true);
    stage.on({type: 'responseStarted', responseId: 'r1', greeting: true, asked: true}, 0);
    expect(stage.spoke(100)).toEqual([]);
    expect(stage.stopped(700, 60)).toEqual([]);
    expect(what(stage.audio('r1', 'i1', 500, 800))).toEqual(['mark', 'say']);
  });

  test('is not cancelled by a click while it begins, and the click is not answered', () => {
    const stage = greeting();
    expect(stage.spoke(1_100)).toEqual([]);
    expect(stage.time(1_500)).toEqual([]); // not loud for a long time: it was a click
    expect(what(stage.stopped(1_700, 60))).toEqual(['unanswered', 'unprotect']);
    expect(stage.floor.serverRights.serverInterrupts).toBe(true);
  });

  test('is not cancelled by a click in the last moment of its protection', () => {
    const stage = greeting();
    stage.spoke(1_480, 1_420);
    stage.heard(1_500, 1_500);
    expect(stage.time(1_500)).toEqual([]);
    expect(stage.time(1_720)).toEqual([]);
    expect(what(stage.stopped(2_000, 100))).toEqual(['unanswered', 'unprotect']);
  });

  test('yields to a caller who goes on speaking', () => {
    const stage = greeting();
    stage.spoke(1_100);
    stage.heard(1_120, 1_480);
    const effects = stage.time(1_500);
    expect(what(effects)).toEqual(['clear', 'mark', 'cancel', 'truncate', 'interrupted', 'unprotect']);
    expect(cuts(effects)).toEqual([['i1', 500]]);
  });

  test('yields to a caller who spoke before it began and does not stop', () => {
    const stage = new Stage({greetingProtectedMs: 500}, true);
    stage.on({type: 'responseStarted', responseId: 'r1', greeting: true, asked: true}, 0);
    stage.spoke(100);
    stage.audio('r1', 'i1', 2_000, 800);
    stage.heard(820, 1_290);
    expect(what(stage.time(1_300))).toContain('clear');
  });

  test('is protected no longer than it should be', () => {
    const stage = greeting();
    expect(stage.floor.deadline).toBe(1_500);
    expect(stage.time(1_500)).toEqual([{do: 'unprotect'}]);
    expect(what(stage.spoke(2_000))).toEqual(['clear', 'mark', 'truncate', 'interrupted']);
  });

  test('that was said by another worker needs no protection', () => {
    expect(new Stage({greetingProtectedMs: 500}, false).floor.serverRights.serverInterrupts).toBe(true);
  });
});

describe('an assistant that does not yield to everything', () => {
  test('goes on through speech that is shorter than it yields to', () => {
    const stage = new Stage({minSpeechMs: 300});
    stage.reply('r1', {i1: 5_000}, 0);
    expect(stage.spoke(1_064, 1_000)).toEqual([]);
    expect(stage.floor.awaitsMinSpeech).toBe(true);
    stage.heard(1_080, 1_100);
    expect(stage.time(1_300)).toEqual([]);
    expect(what(stage.stopped(1_600, 100))).toEqual(['unanswered']);
  });

  test('yields when the speech lasts', () => {
    const stage = new Stage({minSpeechMs: 300});
    stage.reply('r1', {i1: 5_000}, 0);
    stage.spoke(1_064, 1_000);
    stage.heard(1_080, 1_280);
    expect(what(stage.time(1_300))).toContain('clear');
  });

  test('yields to speech that begins softly, or after a cough, as soon as it has lasted', () => {
    const stage = new Stage({minSpeechMs: 300});
    stage.reply('r1', {i1: 5_000}, 0);
    stage.spoke(1_100, 1_000);
    stage.heard(1_120, 1_140); // the cough
    expect(stage.time(1_300)).toEqual([]);
    expect(stage.floor.deadline).toBe(7_000); // only the end of the reply is waited for
    expect(stage.heard(1_500, 1_780)).toEqual([]);
    expect(what(stage.heard(1_800, 1_800))).toContain('clear');
  });

  test('yields to the model’s word alone only when it has heard a whole turn', () => {
    const stage = new Stage({minSpeechMs: 300});
    stage.reply('r1', {i1: 5_000}, 0);
    expect(stage.spoke(1_400, 1_000, false)).toEqual([]);
    expect(stage.time(2_000)).toEqual([]);
    const effects = stage.stopped(2_600, 1_100);
    expect(what(effects)).toEqual(['clear', 'mark', 'cancel', 'truncate', 'interrupted']);
    expect(stage.floor.callerSpeaks).toBe(false);
  });

  test('finishes what it says if it is uninterruptible', () => {
    const stage = new Stage({uninterruptible: true});
    stage.reply('r1', {i1: 5_000}, 0);
    expect(what(stage.spoke(1_000))).toEqual(['uninterruptible']);
    expect(stage.time(2_000)).toEqual([]);
    expect(what(stage.audio('r1', 'i1', 300, 2_000))).toEqual(['say']);
    expect(stage.floor.serverRights.serverInterrupts).toBe(false);
  });
});

describe('with resume', () => {
  test('what cannot be heard in the frames does not even stop the sound, unless it was a turn', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {i1: 5_000}, 0);
    expect(stage.spoke(1_000, 920, false)).toEqual([]);
    expect(what(stage.stopped(1_600, 100))).toEqual(['unanswered']);
    expect(stage.spoke(2_000, 1_920, false)).toEqual([]);
    expect(what(stage.stopped(3_400, 900))).toEqual(['clear', 'mark', 'cancel', 'truncate', 'interrupted']);
  });

  const said = (effects: readonly FloorEffect[]) =>
    effects.flatMap(effect => (effect.do === 'say' ? [[effect.itemId, effect.itemFrom, effect.itemMs]] : []));

  test('a noise stops the sound, and the reply goes on where the caller stopped hearing it', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {i1: 3_000}, 0);
    expect(what(stage.spoke(1_000))).toEqual(['clear', 'mark']);
    expect(stage.audio('r1', 'i1', 500, 1_100)).toEqual([]);
    const effects = stage.stopped(1_700, 120);
    expect(what(effects)).toEqual(['resumed', 'noise', 'mark', 'say', 'say']);
    expect(said(effects)).toEqual([
      ['i1', 1_000, 3_000],
      ['i1', 3_000, 3_500],
    ]);
  });

  test('words after all are a turn: what was not heard is cut, also what came while we waited', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    stage.on({type: 'itemFinished', itemId: 'i1'}, 1_050);
    stage.audio('r1', 'i2', 500, 1_100);
    const effects = stage.stopped(2_500, 900);
    expect(what(effects)).toEqual(['cancel', 'truncate', 'truncate', 'interrupted']);
    expect(cuts(effects)).toEqual([
      ['i1', 1_000],
      ['i2', 0],
    ]);
    expect(stage.audio('r1', 'i2', 500, 2_600)).toEqual([]);
  });

  test('a reply that ends while the line is silent is not lost', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    stage.on({type: 'itemFinished', itemId: 'i1'}, 1_050);
    stage.on({type: 'responseEnded', responseId: 'r1'}, 1_060);
    expect(stage.floor.quiet(1_500)).toBe(false);
    expect(said(stage.stopped(1_700, 120))).toEqual([['i1', 1_000, 3_000]]);
  });

  test('words after a reply has ended cut it and cancel nothing', () => {
    const stage = new Stage(resume);
    stage.whole('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    expect(what(stage.stopped(2_500, 900))).toEqual(['truncate', 'interrupted']);
  });

  test('a second noise before the first is decided changes nothing', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    expect(stage.spoke(1_300)).toEqual([]);
    const effects = stage.stopped(1_900, 120);
    expect(what(effects)).toContain('resumed');
    expect(said(effects)).toEqual([['i1', 1_000, 3_000]]);
  });

  test('speech that never ends does not swallow the reply', () => {
    const stage = new Stage(resume);
    stage.whole('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    expect(stage.floor.deadline).toBe(16_000);
    expect(said(stage.time(16_000))).toEqual([['i1', 1_000, 3_000]]);
  });

  test('a noise before the first word of a reply holds it back, and then it is said whole', () => {
    const stage = new Stage(resume);
    stage.reply('r1', {}, 0);
    expect(stage.spoke(100)).toEqual([]);
    expect(stage.audio('r1', 'i1', 500, 200)).toEqual([]);
    const effects = stage.stopped(800, 80);
    expect(what(effects)).toEqual(['noise', 'mark', 'say']);
  });

  test('what is resumed can be interrupted again, at the right place', () => {
    const stage = new Stage(resume);
    stage.whole('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    stage.stopped(1_700, 120);
    stage.spoke(2_700);
    expect(cuts(stage.stopped(4_000, 800))).toEqual([['i1', 2_000]]);
  });
});

describe('streams and sessions that come and go', () => {
  test('what is said before there is a stream waits for it', () => {
    const floor = new BargeIn(immediate, new PlaybackLedger(1), false);
    floor.on({type: 'responseStarted', responseId: 'r1', greeting: false, asked: false}, 0);
    expect(floor.on({type: 'assistantAudio', responseId: 'r1', itemId: 'i1', payload: silence(100)}, 0)).toEqual([]);
    expect(what(whole(floor.on({type: 'streamOpened'}, 500)))).toEqual(['mark', 'mark', 'say']);
  });

  test('what a lost stream did not play is said on the next', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 1_000}, 0);
    stage.on({type: 'streamLost'}, 400);
    stage.audio('r1', 'i1', 200, 500);
    const again = stage.on({type: 'streamOpened'}, 2_000);
    expect(again.flatMap(effect => (effect.do === 'say' ? [[effect.itemFrom, effect.itemMs]] : []))).toEqual([
      [400, 1_000],
      [1_000, 1_200],
    ]);
  });

  test('a stream that is lost while a clear is out settles it first', () => {
    const stage = new Stage();
    stage.echo(20);
    stage.reply('r1', {i1: 5_000}, 1_000);
    stage.spoke(2_000);
    expect(cuts(stage.on({type: 'streamLost'}, 2_005))).toEqual([['i1', 1_000]]);
    expect(what(stage.on({type: 'streamOpened'}, 3_000))).toEqual(['mark']);
  });

  test('a call that ends while a clear is out still records the interruption', () => {
    const stage = new Stage();
    stage.echo(20);
    stage.reply('r1', {i1: 5_000}, 1_000);
    stage.spoke(2_000);
    expect(what(stage.on({type: 'over', heardFrom: 2_005, ahead: false}, 2_005))).toEqual(['truncate', 'interrupted']);
  });

  test('a caller who hangs up in the middle of a reply has heard it up to the last sign of their phone', () => {
    const stage = new Stage();
    stage.echo(20); // the way there and back
    stage.reply('r1', {i1: 5_000}, 1_000);
    const cut = {itemId: 'i1', audioEndMs: 960, receivedMs: 5_000};
    expect(stage.on({type: 'over', heardFrom: 1_980, ahead: false}, 2_040)).toEqual([{do: 'cutOff', cuts: [cut]}]);
  });

  test('a caller whose end we are told before their last word arrives has heard what we said one way earlier', () => {
    const stage = new Stage();
    stage.echo(20);
    stage.reply('r1', {i1: 5_000}, 1_000);
    const cut = {itemId: 'i1', audioEndMs: 970, receivedMs: 5_000};
    expect(stage.on({type: 'over', heardFrom: 1_980, ahead: true}, 1_980)).toEqual([{do: 'cutOff', cuts: [cut]}]);
  });

  test('a model that is lost leaves what Twilio has, and that can be interrupted', () => {
    const stage = new Stage();
    stage.reply('r1', {i1: 5_000}, 0);
    stage.on({type: 'modelLost'}, 500);
    expect(cuts(stage.spoke(2_000))).toEqual([['i1', 2_000]]);
  });

  test('a model that is lost while the line is silent does not swallow the reply', () => {
    const stage = new Stage(resume);
    stage.whole('r1', {i1: 3_000}, 0);
    stage.spoke(1_000);
    expect(what(stage.on({type: 'modelLost'}, 1_200))).toEqual(['resumed', 'mark', 'say']);
    expect(stage.floor.callerSpeaks).toBe(false);
  });

  test('what another worker said, and Twilio still plays, can be interrupted', () => {
    const floor = new BargeIn(immediate, new PlaybackLedger(2), false);
    floor.adopt({itemId: 'i1', itemFrom: 0, ms: 1_000, agoMs: 1_500}, 10_000);
    floor.adopt({itemId: 'i1', itemFrom: 1_000, ms: 4_000, agoMs: 1_400}, 10_000);
    floor.on({type: 'streamOpened'}, 10_000);
    const effects = floor.on({type: 'callerSpoke', since: 10_500, heard: true}, 10_500);
    expect(what(effects)).toEqual(['clear', 'mark', 'truncate', 'interrupted']);
    expect(cuts(effects)).toEqual([['i1', 2_000]]);
  });
});
