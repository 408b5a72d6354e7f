--[[
  expand: undo compact, for workers that cannot read a snapshot. The journal is again all that was ever written.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  its past
  ARGV[1]  the epoch of the owner    ARGV[2]  lifetime in seconds

  Returns  0 refused, 1 done, or there was nothing to undo
]]
local now = redis.call("HMGET", KEYS[1], "epoch", "state")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
local past = redis.call("LRANGE", KEYS[3], 0, -1)
if #past == 0 then return {1} end
local recent = redis.call("XRANGE", KEYS[2], "-", "+")
redis.call("DEL", KEYS[2], KEYS[3])
for _, lines in ipairs(past) do
  for line in string.gmatch(lines, "[^\n]+") do
    redis.call("XADD", KEYS[2], "*", "entry", line)
  end
end
for place = 2, #recent do
  redis.call("XADD", KEYS[2], "*", "entry", recent[place][2][2])
end
redis.call("EXPIRE", KEYS[2], ARGV[2])
return {1}
