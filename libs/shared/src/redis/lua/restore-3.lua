--[[
  restore: write a call back that Redis has lost, or has only in an older epoch.

  KEYS[1]  the call    KEYS[2]  its journal, which starts over    KEYS[3]  what was compacted of it
  ARGV[1]  the epoch of the worker that restores it    ARGV[2]  lifetime in seconds    ARGV[3]… fields and values, all there are

  Returns  0 refused: a newer epoch or the end of the call is known; 1 restored, or nothing was missing
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state")
local epoch = tonumber(now[1] or "0")
local mine = tonumber(ARGV[1])
if now[2] == "ended" or epoch > mine then return {0} end
if epoch == mine then return {1} end
redis.call("DEL", call, KEYS[2], KEYS[3])
for i = 3, #ARGV, 2 do
  redis.call("HSET", call, ARGV[i], ARGV[i + 1])
end
redis.call("EXPIRE", call, ARGV[2])
return {1}
