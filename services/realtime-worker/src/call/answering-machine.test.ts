import {expect, test} from 'vitest';
import {AnsweringMachine} from './answering-machine.ts';

const instruct = {voicemail: {say: 'Please call us back.'}, isEnding: false};

test('a person is talked with, whatever the assistant has for machines', () => {
  const machine = new AnsweringMachine(undefined);
  expect(machine.answered('human', instruct)).toEqual({isNews: true, gets: 'nothing'});
  expect(machine.records).toBe(false);
});

test('a machine gets the message once, though the carrier reports it twice', () => {
  const machine = new AnsweringMachine(undefined);
  expect(machine.answered('machine_start', instruct)).toEqual({
    isNews: true,
    gets: 'message',
    message: instruct.voicemail,
  });
  expect(machine.answered('machine_start', instruct)).toEqual({isNews: false, gets: 'nothing'});
  expect(machine.answered('machine_end_beep', instruct)).toEqual({isNews: true, gets: 'nothing'});
  expect(machine.records).toBe(true);
});

test('a machine whose owner changes gets the message of the new one: what the last one said is not known', () => {
  const machine = new AnsweringMachine('machine_end_beep');
  expect(machine.answered('machine_end_beep', instruct)).toEqual({
    isNews: false,
    gets: 'message',
    message: instruct.voicemail,
  });
});

test('no fax is spoken to, nor a machine of an assistant that leaves no message', () => {
  expect(new AnsweringMachine(undefined).answered('fax', instruct).gets).toBe('hang-up');
  const rule = {voicemail: 'hang-up', isEnding: false} as const;
  expect(new AnsweringMachine(undefined).answered('machine_start', rule).gets).toBe('hang-up');
});

test('an assistant that talks with machines, or is saying goodbye, goes on as it does with a person', () => {
  const machine = new AnsweringMachine(undefined);
  expect(machine.answered('machine_start', {voicemail: 'talk', isEnding: false}).gets).toBe('nothing');
  expect(machine.answered('machine_start', {...instruct, isEnding: true}).gets).toBe('nothing');
  expect(machine.records).toBe(false);
});
