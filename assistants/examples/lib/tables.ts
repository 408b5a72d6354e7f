/** A stand-in for the booking system of a restaurant: replace it with calls to yours. */

export interface Table {
  readonly day: string;
  readonly time: string;
  readonly people: number;
  readonly name: string;
}

const TIMES = ['17:00', '17:30', '19:00', '20:30'];
const SEATS = 12;
const booked = new Map<string, Table>();

/** At which times so many people find a table. */
export function freeTables(day: string, people: number): readonly string[] {
  const taken = (time: string) =>
    [...booked.values()]
      .filter(table => table.day === day && table.time === time)
      .reduce((sum, table) => sum + table.people, 0);
  return TIMES.filter(time => taken(time) + people <= SEATS);
}

/** `key`: the same for every attempt at one booking, so that none is made twice. */
export function bookTable(table: Table, key: string): string {
  if (!booked.has(key) && !freeTables(table.day, table.people).includes(table.time))
    return 'That time is taken. Offer another one.';
  booked.set(key, table);
  return `Booked: ${table.people} people on ${table.day} at ${table.time}, in the name of ${table.name}.`;
}
