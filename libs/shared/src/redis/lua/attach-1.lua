--[[
  attach: a stream of the call is open on an edge. The first keeps the epoch, a later one raises it, the same one again
  changes nothing.

  KEYS[1]  the call
  ARGV[1]  the epoch it was seen in    ARGV[2]  the stream    ARGV[3]  its edge

  Returns  0 refused, 1 attached; the call as it is now; the stream and the edge that were replaced, or two empty texts
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "epoch", "state", "streamSid", "edge")
if now[2] ~= "live" then return {0} end
if now[3] == ARGV[2] and now[4] == ARGV[3] then return {1, redis.call("HGETALL", call), "", ""} end
if now[1] ~= ARGV[1] then return {0} end
if now[3] then redis.call("HINCRBY", call, "epoch", 1) end
redis.call("HSET", call, "streamSid", ARGV[2], "edge", ARGV[3])
return {1, redis.call("HGETALL", call), now[3] or "", now[4] or ""}
