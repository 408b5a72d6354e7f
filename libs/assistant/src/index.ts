/** What a file in `ASSISTANTS_DIR` imports. */
export {assistant} from './definition.ts';
export {collectDigits} from './digits-tool.ts';
export {http} from './http/http-tool.ts';
export {mcp} from './mcp/mcp-tool.ts';
export {note} from './note-tool.ts';
export {switchTo} from './switch-tool.ts';
export {builtIn, tool} from './tool.ts';
export {transfer} from './transfer-tool.ts';
