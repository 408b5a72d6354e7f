/** One function of a `.cpuprofile`, as V8 writes it. */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: {readonly functionName: string; readonly url: string; readonly lineNumber: number};
  readonly children?: readonly number[];
}

/** A `.cpuprofile`; times are in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** Time of the JavaScript thread, in ms. */
export interface Spent {
  readonly name: string;
  /** In this code itself. */
  readonly self: number;
  /** With what it calls in Node: system calls, streams, buffers. 0 for Node itself. */
  readonly owned: number;
}

export interface Summary {
  readonly tookMs: number;
  /** All but idle. */
  readonly busyMs: number;
  /** Packages, folders of ours, and Node. */
  readonly modules: readonly Spent[];
  readonly files: readonly Spent[];
  readonly functions: readonly Spent[];
}

/** Where the time of a profile went, most first. Paths of ours are from the root of the repository. */
export function summarise(profile: CpuProfile): Summary {
  const nodes = new Map(profile.nodes.map(node => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({id, children = []}) => children.map(child => [child, id] as const)));
  const [modules, files, functions] = [new Tally(), new Tally(), new Tally()];
  let busyMs = 0;
  for (const [id, ms] of selfTimes(profile)) {
    const node = nodes.get(id);
    if (!node || node.callFrame.functionName === '(idle)') continue;
    busyMs += ms;
    const owner = ownerOf(node);
    modules.add(moduleOf(node), owner && moduleOf(owner), ms);
    files.add(fileOf(node), owner && fileOf(owner), ms);
    functions.add(functionOf(node), owner && functionOf(owner), ms);
  }
  const tookMs = (profile.endTime - profile.startTime) / 1_000;
  return {tookMs, busyMs, modules: modules.sorted(), files: files.sorted(), functions: functions.sorted()};

  /** The nearest caller that is not Node: it asked for this work. */
  function ownerOf(node: ProfileNode): ProfileNode | undefined {
    let at: ProfileNode | undefined = node;
    while (at && isNode(at)) at = nodes.get(parents.get(at.id) ?? -1);
    return at;
  }
}

function selfTimes({samples = [], timeDeltas = []}: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  // A delta is the time since the sample before, in which that one ran.
  for (const [index, id] of samples.entries()) {
    const ms = (timeDeltas[index + 1] ?? 0) / 1_000;
    times.set(id, (times.get(id) ?? 0) + Math.max(0, ms));
  }
  return times;
}

class Tally {
  readonly #spent = new Map<string, {self: number; owned: number}>();

  add(name: string, owner: string | undefined, ms: number): void {
    this.#of(name).self += ms;
    if (owner !== undefined) this.#of(owner).owned += ms;
  }

  sorted(): Spent[] {
    const all = [...this.#spent].map(([name, spent]) => ({name, ...spent}));
    return all.toSorted((a, b) => Math.max(b.self, b.owned) - Math.max(a.self, a.owned));
  }

  #of(name: string) {
    const spent = this.#spent.get(name) ?? {self: 0, owned: 0};
    this.#spent.set(name, spent);
    return spent;
  }
}

/** Node's own code and V8's: no file of ours and of no package. */
function isNode({callFrame: {url}}: ProfileNode): boolean {
  return url === '' || url.startsWith('node:');
}

function fileOf({callFrame: {functionName, url}}: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : `native ${functionName || '(no name)'}`;
  const inPackage = /node_modules\/(?!.*node_modules\/)(.+)$/.exec(url)?.[1];
  return inPackage ?? /^.*\/((?:services|libs|bench|simulators|tools)\/.+)$/.exec(url)?.[1] ?? url;
}

/** `ws`, `@scope/name`, `services/media-edge/src/frames`, `node:net`, `native`. */
function moduleOf(node: ProfileNode): string {
  const {functionName, url} = node.callFrame;
  if (url === '') return functionName.startsWith('(') ? functionName : 'native';
  if (url.startsWith('node:')) return 'node';
  const file = fileOf(node);
  if (url.includes('node_modules/')) return /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file;
  return file.split('/').slice(0, -1).join('/');
}

function functionOf(node: ProfileNode): string {
  const {functionName, lineNumber} = node.callFrame;
  const file = fileOf(node);
  return node.callFrame.url === '' ? file : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}
