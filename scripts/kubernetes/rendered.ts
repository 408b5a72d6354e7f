import {execFile, execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {promisify} from 'node:util';
import {parseAllDocuments} from 'yaml';
import {z} from 'zod';

const OVERLAYS = 'deploy/k8s/overlays';

/** One object as the cluster would get it. */
export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({name: z.string(), namespace: z.string().optional()}),
});
export type Manifest = z.infer<typeof Manifest>;

/** The programs that can render, and how each is asked. */
const RENDERERS = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
] as const;

/** The first renderer on this machine; undefined if it has none. */
export const renderer = RENDERERS.find(([command]) => {
  try {
    // kubectl has no `--version`; both have this, and neither asks a cluster.
    execFileSync(command, ['--help'], {stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
});

/** The names of all overlays. */
export const overlays = readdirSync(OVERLAYS).toSorted();

/** Everything that `kubectl apply -k` would send for this overlay. */
export async function render(overlay: string): Promise<readonly Manifest[]> {
  const [command, verb] = renderer ?? RENDERERS[0];
  const {stdout} = await promisify(execFile)(command, [verb, `${OVERLAYS}/${overlay}`], {maxBuffer: 2 ** 24});
  return parseAllDocuments(stdout).map(document => Manifest.parse(document.toJS()));
}

/** The rendered objects of one kind. */
export function ofKind<Schema extends z.ZodType>(
  all: readonly Manifest[],
  kind: string,
  schema: Schema,
): readonly z.infer<Schema>[] {
  return all.filter(each => each.kind === kind).map(each => schema.parse(each));
}
