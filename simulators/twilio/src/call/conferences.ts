/** One call in a conference. */
export interface Participant {
  /** When the conference has begun. */
  readonly began: Promise<void>;
  /** When it is over. */
  readonly over: Promise<void>;
  leave(): void;
}

/** The conferences of an account, by name: who is in each, when it begins and when it is over. */
export class Conferences {
  readonly #rooms = new Map<string, Room>();

  /** `starts`: it begins with this participant. `ends`: it is over for all when they leave. */
  enter(name: string, {starts, ends}: {readonly starts: boolean; readonly ends: boolean}): Participant {
    const room = this.#rooms.get(name) ?? new Room();
    this.#rooms.set(name, room);
    const me = Symbol(name);
    room.inside.add(me);
    if (starts) room.hasStarter = true;
    // Nobody talks to themselves: whoever is alone hears the music, too.
    if (room.hasStarter && room.inside.size > 1) room.begins();
    return {
      began: room.began,
      over: room.over,
      leave: () => {
        if (!room.inside.delete(me)) return;
        if (!ends && room.inside.size > 0) return;
        room.ends();
        if (this.#rooms.get(name) === room) this.#rooms.delete(name);
      },
    };
  }
}

class Room {
  readonly inside = new Set<symbol>();
  hasStarter = false;
  readonly #began = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  readonly began = this.#began.promise;
  readonly over = this.#over.promise;

  begins(): void {
    this.#began.resolve();
  }

  ends(): void {
    this.#over.resolve();
  }
}
