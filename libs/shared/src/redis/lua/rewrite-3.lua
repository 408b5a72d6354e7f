--[[
  rewrite: write a journal again, with its past, in a form that all workers can read.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  its past, which is a part of the journal again
  ARGV[1]  the epoch of the owner    ARGV[2]  lifetime in seconds    ARGV[3]… all entries there are

  Returns  0 refused, 1 done
]]
local now = redis.call("HMGET", KEYS[1], "epoch", "state")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
redis.call("DEL", KEYS[2], KEYS[3])
for i = 3, #ARGV do
  redis.call("XADD", KEYS[2], "*", "entry", ARGV[i])
end
redis.call("EXPIRE", KEYS[2], ARGV[2])
return {1}
