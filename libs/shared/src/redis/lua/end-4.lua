--[[
  end: the call is over. What is left of it is kept for a while, for requests that come late.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  what was compacted of it    KEYS[4]  that it was
  ARGV[1]  the epoch it was decided in    ARGV[2]  seconds to keep it    ARGV[3]  seconds to remember that it was

  Returns  0 refused, 1 done, or it had been done in this epoch
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state")
if now[1] ~= ARGV[1] then return {0} end
if now[2] == "live" then
  redis.call("HSET", call, "state", "ended")
  redis.call("EXPIRE", call, ARGV[2])
  redis.call("EXPIRE", KEYS[2], ARGV[2])
  redis.call("EXPIRE", KEYS[3], ARGV[2])
  redis.call("SET", KEYS[4], "1", "EX", ARGV[3])
end
return {1}
