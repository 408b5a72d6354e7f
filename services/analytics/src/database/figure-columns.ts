import type {Figure, Figures} from '@voicebridge/shared/cdr/figure.ts';
import {z} from 'zod';

type ColumnOf<All extends Figures> = All[keyof All]['column'];

/** The columns of a table that hold the figures of a record. */
export type FigureColumns<All extends Figures> = {
  -readonly [Name in keyof All as All[Name]['column']]: z.output<All[Name]['kind']['answered']>;
};

/** A record as a worker sends it. */
type RecordOf<All extends Figures> = {readonly [Name in keyof All]: z.output<All[Name]['kind']['sent']>};

/** The columns of the figures, in the order of the description; those of some of them where `wanted` is given. */
export function columnsOf<const All extends Figures>(
  figures: All,
  wanted?: (figure: Figure) => boolean,
): ColumnOf<All>[];
export function columnsOf(figures: Figures, wanted: (figure: Figure) => boolean = () => true): string[] {
  return Object.values(figures)
    .filter(wanted)
    .map(({column}) => column);
}

/** A record as a row. */
export function rowOf<const All extends Figures>(figures: All, record: RecordOf<All>): FigureColumns<All>;
export function rowOf(figures: Figures, record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, {column}]) => {
      const value = record[name];
      return [column, typeof value === 'string' ? storable(value) : value];
    }),
  );
}

/** Text as PostgreSQL takes it: every character but NUL. */
export function storable(text: string): string;
export function storable(text: string | null): string | null;
export function storable(text: string | null): string | null {
  return text?.replaceAll('\0', '\uFFFD') ?? null;
}
