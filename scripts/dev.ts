import {runServices} from './start/run-services.ts';

await runServices({watching: true});
