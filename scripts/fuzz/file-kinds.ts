import {Catalogue} from '../../libs/assistant/src/catalogue.ts';
import {checkDefinition, unknownVariables} from '../../libs/assistant/src/load/check-definition.ts';
import {YamlDefinition} from '../../libs/assistant/src/load/yaml-definition.ts';
import {readYaml} from '../../libs/assistant/src/load/read-yaml.ts';
import {render} from '../../libs/assistant/src/render.ts';
import {sampleAssistant} from '../../libs/assistant/src/testing/sample-assistant.ts';
import {storedVersion} from '../../libs/assistant/src/version.ts';
import {readRehearsal} from '../rehearse/call-file.ts';
import {scriptedModel} from '../rehearse/scripted-model.ts';
import {SAMPLES} from './samples.ts';

/** The files that people write. */
export const FILE_KINDS = [
  {
    name: 'assistant-file',
    samples: SAMPLES.assistantFiles,
    check(input: string) {
      const written = readYaml(input);
      if ('problem' in written) return;
      const checked = checkDefinition(written.value, YamlDefinition);
      if (!checked.ok) {
        if (checked.problems.length === 0) throw new Error('it is refused, and nothing is wrong with it');
        for (const {path} of checked.problems) written.lineOf(path);
        return;
      }
      const {definition} = checked;
      const prompt = typeof definition.prompt === 'string' ? definition.prompt : undefined;
      for (const {path} of unknownVariables(definition, prompt)) written.lineOf(path);
      const loaded = {name: 'fuzzed', file: 'fuzzed.yaml', definition, prompt, source: undefined};
      const version = new Catalogue(sampleAssistant, [loaded]).named('fuzzed');
      if (!version) throw new Error('it is taken, and nobody answers');
      if (!storedVersion(version.hash, JSON.stringify(version.stored)))
        throw new Error('another worker cannot read what this one has kept');
      render(version.stored.assistant, {}, () => {});
    },
  },
  {
    name: 'rehearsal-file',
    samples: SAMPLES.rehearsalFiles,
    check(input: string) {
      const written = readYaml(input);
      if ('problem' in written) return;
      const read = readRehearsal(written.value);
      if (!read.ok && read.problems.length === 0) throw new Error('it is refused, and nothing is wrong with it');
      if (read.ok) scriptedModel(read.rehearsal.model);
    },
  },
];
