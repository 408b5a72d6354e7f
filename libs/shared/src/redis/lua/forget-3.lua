--[[
  forget: drop what is left of a call that is not live.

  KEYS[1]  the call    KEYS[2]  its journal    KEYS[3]  what was compacted of it

  Returns  0 refused: it is live; 1 done
]]
if redis.call("HGET", KEYS[1], "state") == "live" then return {0} end
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3])
return {1}
