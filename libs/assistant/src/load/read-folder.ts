import {readdir, readFile} from 'node:fs/promises';
import {basename, join, resolve as resolvePath, sep} from 'node:path';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {Definition} from '../definition.ts';
import {checkDefinition, unknownSecrets, unknownVariables} from './check-definition.ts';
import {ModuleFolder} from './import-module.ts';
import {readYaml, type Written} from './read-yaml.ts';
import {didYouMean, type Problem} from './problems.ts';
import {toolsTooLarge} from './size-of-tools.ts';
import {YamlDefinition} from './yaml-definition.ts';

/** An assistant as its file defines it. */
export interface LoadedAssistant {
  /** The name of its file, without the ending. */
  readonly name: string;
  readonly file: string;
  readonly definition: Definition;
  /** The text of its prompt, if it has one of its own. */
  readonly prompt: string | undefined;
  /** A hash of its code and of all that this imports; undefined: it has no code. */
  readonly source: string | undefined;
}

/** What a folder holds. With problems, `assistants` has those only that have none. */
export interface FolderContent {
  readonly assistants: readonly LoadedAssistant[];
  /** One message each: `reception.yaml:4 voice: …`. */
  readonly problems: readonly string[];
}

/** `<name>.call.yaml` and `<name>.call.ts` are rehearsals: no name has a point in it. */
const DEFINITION = /^(?<name>[A-Za-z0-9][\w-]*)\.(?<form>ts|yaml|yml)$/;
const LONGEST_NAME = 64;

/** The assistants of one folder. Folders in it hold what they share: only the files beside each other are assistants. */
export class AssistantsFolder implements Disposable {
  readonly #folder: string;
  readonly #modules: ModuleFolder;

  constructor(folder: string) {
    this.#folder = resolvePath(folder);
    this.#modules = new ModuleFolder(this.#folder);
  }

  /** Reads all files as they are now. A folder that does not exist has no assistants. */
  async read(): Promise<FolderContent> {
    this.#modules.renew();
    const names = await readdir(this.#folder).catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
      throw thrown;
    });
    const read = await Promise.all(
      names
        .filter(name => DEFINITION.test(name))
        .toSorted()
        .map(name => this.#readFile(name)),
    );
    const loaded = read.flatMap(one => ('problems' in one ? [] : [one]));
    const problems = [
      ...read.flatMap(one => ('problems' in one ? one.problems : [])),
      ...conflicts(loaded),
      ...unknownTargets(loaded),
    ];
    return {assistants: loaded, problems};
  }

  async #readFile(file: string): Promise<LoadedAssistant | {readonly problems: readonly string[]}> {
    const name = file.replace(/\.\w+$/, '');
    const say = (what: string) => ({problems: [`${file} ${what}`]});
    if (name === 'default')
      return say(
        'must have another name: default is the assistant of the environment. To answer all other numbers, say answers: "*"',
      );
    if (name.length > LONGEST_NAME) return say(`must have a name of ${LONGEST_NAME} characters or fewer`);
    const path = join(this.#folder, file);
    const written = file.endsWith('.ts') ? await this.#importFile(path) : readYaml(await readFile(path, 'utf8'));
    if ('problem' in written) return {problems: [`${file}${written.line ?? ''} ${written.problem}`]};
    const tell = (problems: readonly Problem[]) => ({
      problems: problems.map(
        ({field, what, path}) => `${file}${written.lineOf(path)}${field === '' ? '' : ` ${field}:`} ${what}`,
      ),
    });
    const checked = checkDefinition(written.value, file.endsWith('.ts') ? Definition : YamlDefinition);
    if (!checked.ok) return tell(checked.problems);
    const {definition} = checked;
    const prompt = await this.#promptOf(definition);
    if (typeof prompt === 'object')
      return tell([{field: 'prompt.file', what: prompt.problem, path: ['prompt', 'file']}]);
    const wrong = [
      ...unknownVariables(definition, prompt),
      ...unknownSecrets(definition),
      ...toolsTooLarge(definition),
    ];
    if (wrong.length > 0) return tell(wrong);
    return {name, file, definition, prompt, source: written.source};
  }

  async #importFile(path: string): Promise<Written> {
    try {
      const {exported, source} = await this.#modules.import(path);
      if (exported === undefined)
        return {
          problem:
            'must end in `export default assistant({…})`; code that assistants share belongs into a folder beside them',
        };
      return {value: exported, source, lineOf: () => ''};
    } catch (thrown) {
      return {problem: `cannot be imported: ${explain(thrown, this.#folder)}`};
    }
  }

  async #promptOf({prompt}: Definition): Promise<string | undefined | {readonly problem: string}> {
    if (prompt === undefined || typeof prompt === 'string') return prompt;
    const path = resolvePath(this.#folder, prompt.file);
    if (!path.startsWith(this.#folder + sep))
      return {problem: `${prompt.file} must be in the folder of the assistants`};
    try {
      const text = (await readFile(path, 'utf8')).trim();
      return text === '' ? {problem: `${prompt.file} is empty`} : text;
    } catch {
      const there = (await readdir(this.#folder)).filter(name => name.endsWith('.md'));
      return {problem: `there is no ${prompt.file}${there.length === 0 ? '' : `; there is ${there.join(', ')}`}`};
    }
  }

  [Symbol.dispose](): void {
    this.#modules[Symbol.dispose]();
  }
}

/** Two assistants with one name, or with one number. */
function conflicts(loaded: readonly LoadedAssistant[]): string[] {
  const problems: string[] = [];
  const [names, numbers] = [new Map<string, string>(), new Map<string, string>()];
  for (const {name, file, definition} of loaded) {
    const same = names.get(name);
    if (same !== undefined) problems.push(`${file} and ${same} define one assistant: keep one of them`);
    names.set(name, file);
    for (const number of numbersOf(definition)) {
      const other = numbers.get(number);
      if (other !== undefined)
        problems.push(
          `${file} answers: ${number === '*' ? 'all other numbers are' : `${number} is`} answered by ${other} already: take it out of one of them`,
        );
      numbers.set(number, file);
    }
  }
  return problems;
}

/** Assistants to which a tool gives the call, and which are not there, or have another model than the call. */
function unknownTargets(loaded: readonly LoadedAssistant[]): string[] {
  const known = new Map(loaded.map(({name, definition}) => [name, definition]));
  return loaded.flatMap(({file, definition}) =>
    Object.entries(definition.tools ?? {}).flatMap(([tool, written]) => {
      if (written === false || written.kind !== 'switch-to') return [];
      const at = (what: string) => `${file} tools.${tool}.to: ${what}`;
      return written.to.flatMap(name => {
        const target = known.get(name);
        const names = [...known.keys()];
        if (!target)
          return [at(`there is no \`${name}\`${didYouMean(name, names) || `; there is ${names.join(', ')}`}`)];
        if (target.model === definition.model) return [];
        return [at(`${name} has another \`model\`, and a call keeps the one it began with: say the same in both`)];
      });
    }),
  );
}

/** The numbers that an assistant answers. */
export function numbersOf({answers}: Definition): readonly string[] {
  return answers === undefined ? [] : [...new Set([answers].flat())];
}

/** Where code broke: the file below the folder, and the line, if the error says so. */
function explain(thrown: unknown, folder: string): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const at = stack
    .split(folder + sep)[1]
    ?.match(/^[^:?)\s]+(?:\?generation=\d+)?:\d+/)?.[0]
    ?.replace(/\?generation=\d+/, '');
  const message =
    messageOf(thrown)
      .replaceAll(`file://${folder}${sep}`, '')
      .replaceAll(folder + sep, '')
      .replaceAll(/\?generation=\d+/g, '')
      .split('\n')[0] ?? '';
  return at === undefined || message.includes(basename(at.replace(/:\d+$/, ''))) ? message : `${message} (${at})`;
}
