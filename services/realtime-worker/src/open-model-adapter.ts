import {unlessOff, type WorkerConfig} from './config.ts';
import type {ModelAdapter} from './model/model-adapter.ts';
import {openAIAdapter, type OpenAIOptions} from './model/openai/openai-session.ts';

/**
 * The adapter of the configured model. The only place that names one: another provider is a folder in model/ that
 * implements `ModelAdapter`, a setting that chooses it, and a case here.
 */
export function openModelAdapter(
  config: WorkerConfig,
  deps: Pick<OpenAIOptions, 'clock' | 'pauses' | 'metrics' | 'log'>,
): ModelAdapter {
  return openAIAdapter({
    url: config.OPENAI_REALTIME_URL,
    apiKey: config.OPENAI_API_KEY,
    audio: config.OPENAI_AUDIO,
    transcriptionModel: unlessOff(config.TRANSCRIPTION_MODEL),
    ...deps,
  });
}
