--[[
  forget: drop what is left of a call that is not live.

  KEYS[1]  the call    KEYS[2]  its journal

  Returns  0 refused: it is live; 1 done
]]
if redis.call("HGET", KEYS[1], "state") == "live" then return {0} end
redis.call("DEL", KEYS[1])
redis.call("DEL", KEYS[2])
return {1}
