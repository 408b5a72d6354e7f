import {script} from '../redis/scripts.ts';

/** The atomic steps of the call directory. The header of each Lua file documents its keys, arguments and replies. */
export const claim = script('claim-2.lua', ['lost', 'won']);
export const attach = script('attach-1.lua', ['refused', 'attached']);
export const intend = script('intend-1.lua', ['refused', 'done']);
export const retry = script('retry-1.lua', ['refused', 'done']);
export const end = script('end-4.lua', ['refused', 'done']);
export const append = script('append-2.lua', ['refused', 'done']);
export const compact = script('compact-3.lua', ['refused', 'done']);
export const rewrite = script('rewrite-3.lua', ['refused', 'done']);
export const restore = script('restore-3.lua', ['refused', 'done']);
export const forget = script('forget-3.lua', ['refused', 'done']);
