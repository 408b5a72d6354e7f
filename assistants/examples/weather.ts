import {assistant, tool} from '@voicebridge/assistant';
import {z} from 'zod';

const Forecast = z.object({
  current: z.object({temperature_2m: z.number(), wind_speed_10m: z.number(), precipitation: z.number()}),
});

/** A weather line: asks a public service that needs no key. */
export default assistant({
  about: 'Says how the weather is',
  answers: ['+4722000003'],
  prompt: 'You are a weather line. Ask where the caller is, look up the weather there, and say it in one sentence.',
  greeting: 'The weather line. Where are you?',
  voice: 'verse',
  tools: {
    weather_at: tool({
      about: 'The weather at a place now. Give the coordinates of the place that the caller names.',
      input: z.object({latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180)}),
      async run({latitude, longitude}, {signal}) {
        const url = new URL(
          'https://api.open-meteo.com/v1/forecast?current=temperature_2m,wind_speed_10m,precipitation',
        );
        url.searchParams.set('latitude', String(latitude));
        url.searchParams.set('longitude', String(longitude));
        const response = await fetch(url, {signal});
        if (!response.ok) throw new Error(`the weather service answered ${response.status}`);
        return Forecast.parse(await response.json()).current;
      },
      repeatable: true,
      timeoutMs: 5_000,
      while: 'Let me look out of the window.',
    }),
  },
});
