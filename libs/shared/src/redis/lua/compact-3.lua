--[[
  compact: move a journal to the past of its call, and start it over with a snapshot of what it says.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  its past: a list of texts, each of lines that were one journal
  ARGV[1]  the epoch of the owner
  ARGV[2]  how many entries the snapshot stands for; with any other number in the journal nothing is changed
  ARGV[3]  lifetime in seconds
  ARGV[4]  the snapshot

  Returns  0 refused, 1 done
]]
local now = redis.call("HMGET", KEYS[1], "epoch", "state")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
if redis.call("XLEN", KEYS[2]) ~= tonumber(ARGV[2]) then return {0} end
-- A journal with a past begins with a snapshot, which the new one replaces.
local first = redis.call("EXISTS", KEYS[3]) + 1
local entries = redis.call("XRANGE", KEYS[2], "-", "+")
local lines = {}
for place = first, #entries do
  lines[#lines + 1] = entries[place][2][2]
end
if #lines > 0 then redis.call("RPUSH", KEYS[3], table.concat(lines, "\n")) end
redis.call("DEL", KEYS[2])
redis.call("XADD", KEYS[2], "*", "entry", ARGV[4])
redis.call("EXPIRE", KEYS[2], ARGV[3])
redis.call("EXPIRE", KEYS[3], ARGV[3])
return {1}
