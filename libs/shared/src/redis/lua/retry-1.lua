--[[
  retry: a new ticket for a call whose stream was lost or is to move. A move is not counted as an attempt.

  KEYS[1]  the call
  ARGV[1]  the epoch it was seen in    ARGV[2]  the ticket it was seen with, or an empty text    ARGV[3]  the new ticket
  ARGV[4]  the attempts that still count against the call    ARGV[5]… facts: fields and values

  Returns  0 refused, 1 done, or another request was faster; the call as it is now
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state", "intent", "ticket")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
if now[3] and now[3] ~= "migrate" then return {0} end
if (now[4] or "") == ARGV[2] then
  redis.call("HSET", call, "ticket", ARGV[3], "attempts", ARGV[4])
  if not now[3] then redis.call("HINCRBY", call, "attempts", 1) end
  redis.call("HDEL", call, "intent")
  for i = 5, #ARGV, 2 do
    redis.call("HSET", call, ARGV[i], ARGV[i + 1])
  end
end
return {1, redis.call("HGETALL", call)}
