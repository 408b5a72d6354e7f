import {execFile} from 'node:child_process';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, describe, expect, test} from 'vitest';
import {z} from 'zod';
import {type Manifest, overlays, render, renderer} from './rendered.ts';

/** Within the tree, so that the compiler finds the types. */
const FOLDER = 'node_modules/.cache/kubernetes-test';
const EXTENSIONS: Readonly<Record<string, string>> = {
  'keda.sh': '@kubernetes-models/keda',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
};
const Models = z.record(z.string(), z.unknown());

/** What the package of the schemas says; it throws if the object does not fit. */
interface Model {
  validate(): void;
}

/** Where the schema of such an object is: those of Kubernetes itself are in one package, others in their own. */
function moduleOf({apiVersion}: Manifest): string {
  const [group = ''] = apiVersion.split('/');
  return `${EXTENSIONS[group] ?? 'kubernetes-models'}/${apiVersion}`;
}

async function validate(manifest: Manifest): Promise<void> {
  const models = Models.parse({...((await import(moduleOf(manifest))) as object)});
  const Kind = models[manifest.kind] as (new (data: Manifest) => Model) | undefined;
  if (!Kind) throw new Error(`no schema of ${manifest.apiVersion} ${manifest.kind}`);
  new Kind(manifest).validate();
}

/** Schemas let through what they do not know, such as `readinesProbe`; the compiler does not. */
async function misspelt(name: string, manifests: readonly Manifest[]): Promise<string> {
  const file = join(FOLDER, `${name}.ts`);
  const lines = manifests.map(
    manifest => `(${JSON.stringify(manifest)}) satisfies import('${moduleOf(manifest)}').I${manifest.kind};`,
  );
  await mkdir(FOLDER, {recursive: true});
  await writeFile(file, lines.join('\n'));
  const options = ['--noEmit', '--ignoreConfig', '--skipLibCheck', '--strict', '--module', 'nodenext'];
  return promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', ...options, file]).then(
    () => '',
    (error: {readonly stdout: string}) => error.stdout,
  );
}

afterAll(() => rm(FOLDER, {recursive: true, force: true}));

// GitHub's machines have kubectl. Without it or kustomize there is nothing to look at.
describe.skipIf(!renderer).each(overlays)('an operator who applies the overlay %s', overlay => {
  test('sends objects that fit the schemas of Kubernetes', async () => {
    const manifests = await render(overlay);
    expect(manifests.length).toBeGreaterThan(20);
    for (const manifest of manifests)
      await expect(validate(manifest), `${manifest.kind} ${manifest.metadata.name}`).resolves.toBeUndefined();
  });

  test('sends no field that does not exist', async () => {
    expect(await misspelt(overlay, await render(overlay))).toBe('');
  });
});

test('a misspelt field and one of the wrong type are found', async () => {
  const service = (port: object): Manifest => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {name: 'broken'},
    spec: {ports: [port]},
  });
  expect(await misspelt('broken', [service({port: 80, targetProt: 'http'})])).toContain(
    `'"targetProt"' does not exist`,
  );
  await expect(validate(service({port: 'http'}))).rejects.toThrow('must be integer');
});
