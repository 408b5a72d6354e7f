--[[
  end: the call is over, and its record was sent. What requests that come late need of it is kept for a while; what was
  said and whose numbers they were is not.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  what was compacted of it    KEYS[4]  that it was
  ARGV[1]  the epoch it was decided in    ARGV[2]  seconds to keep it    ARGV[3]  seconds to remember that it was
  ARGV[4]… the fields that say who called

  Returns  0 refused, 1 done, or it had been done in this epoch
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state")
if now[1] ~= ARGV[1] then return {0} end
if now[2] == "live" then
  redis.call("HSET", call, "state", "ended")
  redis.call("EXPIRE", call, ARGV[2])
  redis.call("DEL", KEYS[2], KEYS[3])
  for i = 4, #ARGV do
    redis.call("HDEL", call, ARGV[i])
  end
  redis.call("SET", KEYS[4], "1", "EX", ARGV[3])
end
return {1}
