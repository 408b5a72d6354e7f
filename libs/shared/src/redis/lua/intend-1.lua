--[[
  intend: write what must happen to the caller. A move never replaces a decision to hang up or to transfer.

  KEYS[1]  the call
  ARGV[1]  the epoch it was decided in    ARGV[2]  the intent    ARGV[3]… facts: fields and values

  Returns  0 refused, 1 done
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state", "intent")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
if ARGV[2] == "migrate" and now[3] and now[3] ~= "migrate" then return {1} end
redis.call("HSET", call, "intent", ARGV[2])
for i = 3, #ARGV, 2 do
  redis.call("HSET", call, ARGV[i], ARGV[i + 1])
end
return {1}
