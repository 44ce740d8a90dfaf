"""The histories' scripts, in Lua: what Redis does as one step, however many processes publish.

Messages go to `<prefix>__group__<group>` as channels_redis' pub/sub layer packs its own, with the keys `type` (one of
those below), `group` and `payload`, JSON text. Keys are made from the prefix inside the scripts, so Redis Cluster,
where keys must be declared, cannot run them.
"""

from typing import Final

APPENDED: Final = "history.appended"
"""Items were appended: `{"epoch", "first": offset of the first, "at": when, by Redis's clock (seconds since 1970),
"items": [...]}`."""

AT: Final = "history.at"
"""Where the history is: `{"epoch", "offset"}`."""

RESET: Final = "history.reset"
"""A new epoch was begun by hand: `{"epoch", "reason"}`."""

LIFE: Final = "life"
"""A group without items: its epoch ends whenever an epoch is begun by hand, and whenever Redis has lost anything. What
was read from the database under another epoch of it may say an old name, or be withdrawn."""

_KEEP_SECONDS = 2 * 86_400
_KEEP_META_SECONDS = 4 * 86_400
_KEEP_WITHDRAWN_SECONDS = 86_400

_OPEN = f"""
local prefix = ARGV[1]
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local time = redis.call('TIME')
local function keys(group)
  return prefix .. ':meta:' .. group, prefix .. ':history:' .. group
end
local function touch(group)
  local meta, history = keys(group)
  redis.call('EXPIRE', history, {_KEEP_SECONDS})
  redis.call('EXPIRE', meta, {_KEEP_META_SECONDS})
end
local function open(group)
  local meta, history = keys(group)
  local known = redis.call('HMGET', meta, 'run_id', 'epoch', 'offset')
  if known[1] == run_id then return known[2], tonumber(known[3]) end
  local epoch = string.sub(run_id, 1, 8) .. string.format('%x%05x', tonumber(time[1]), tonumber(time[2]))
  redis.call('DEL', history, meta)
  redis.call('HSET', meta, 'run_id', run_id, 'epoch', epoch, 'offset', 0)
  redis.call('EXPIRE', meta, {_KEEP_META_SECONDS})
  return epoch, 0
end
local function publish(group, type, payload)
  local message = cmsgpack.pack({{type = type, group = group, payload = payload}})
  redis.call('PUBLISH', prefix .. '__group__' .. group, message)
end
"""

# ARGV: prefix, which life what was read belongs to ('' = whichever); number of items; for each item: text, entry id,
#       '1' where it withdraws; then for each group: name, bound, number of its items, their indexes.
# Answers 1, or 0 where nothing was appended since another life has begun, and which that is.
APPEND = (
    _OPEN
    + f"""
local life = open('{LIFE}')
touch('{LIFE}')
if ARGV[3] ~= '' and ARGV[3] ~= life then return {{0, life}} end
local withdrawn = prefix .. ':withdrawn'
redis.call('ZREMRANGEBYSCORE', withdrawn, '-inf', time[1])
local count, at, items = tonumber(ARGV[2]), 4, {{}}
for index = 1, count do
  local item, id, withdraws = ARGV[at], ARGV[at + 1], ARGV[at + 2] == '1'
  at = at + 3
  if withdraws then
    redis.call('ZADD', withdrawn, time[1] + {_KEEP_WITHDRAWN_SECONDS}, id)
    items[index] = item
  elseif redis.call('ZSCORE', withdrawn, id) then
    items[index] = false
  else
    items[index] = item
  end
end
while at <= #ARGV do
  local group, bound, many = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local meta, history = keys(group)
  local epoch, offset = open(group)
  local first, told = offset + 1, {{}}
  for place = at + 3, at + 2 + many do
    local item = items[tonumber(ARGV[place])]
    if item then
      offset = offset + 1
      redis.call('XADD', history, 'MAXLEN', '~', bound, string.format('%d-0', offset), 'item', item)
      told[#told + 1] = item
    end
  end
  at = at + 3 + many
  if #told > 0 then
    redis.call('HSET', meta, 'offset', string.format('%d', offset))
    touch(group)
    publish(group, '{APPENDED}', '{{"epoch":"' .. epoch .. '","first":' .. string.format('%d', first)
      .. string.format(',"at":%d.%06d', tonumber(time[1]), tonumber(time[2]))
      .. ',"items":[' .. table.concat(told, ',') .. ']}}')
  end
end
return {{1, life}}
"""
)

# ARGV: prefix, '1' to publish the position to each group too, groups.
POSITIONS = (
    _OPEN
    + f"""
local answer = {{}}
for index = 3, #ARGV do
  local group = ARGV[index]
  local epoch, offset = open(group)
  touch(group)
  if ARGV[2] == '1' then
    publish(group, '{AT}', '{{"epoch":"' .. epoch .. '","offset":' .. string.format('%d', offset) .. '}}')
  end
  answer[#answer + 1] = epoch
  answer[#answer + 1] = offset
end
return answer
"""
)

# ARGV: prefix, most, then for each history: group, epoch, offset.
# Answers for each: nothing where the epoch is over or the offset never was, else epoch, offset and, of the items after
# the offset asked for, the newest `most` that there are.
REPLAY = (
    _OPEN
    + """
local most, answers = tonumber(ARGV[2]), {}
for index = 3, #ARGV, 3 do
  local group, from = ARGV[index], tonumber(ARGV[index + 2])
  local meta, history = keys(group)
  local epoch, offset = open(group)
  local answer = {}
  if ARGV[index + 1] == epoch and from <= offset then
    answer = {epoch, offset}
    from = math.max(from, offset - most)
    for _, row in ipairs(redis.call('XRANGE', history, string.format('%d-0', from + 1), '+')) do
      answer[#answer + 1] = row[2][2]
    end
  end
  answers[#answers + 1] = answer
end
return answers
"""
)

# ARGV: prefix, reason, groups.
BEGIN = (
    _OPEN
    + f"""
for index = 3, #ARGV do
  local meta, history = keys(ARGV[index])
  redis.call('DEL', meta)
  local epoch = open(ARGV[index])
  redis.call('HSET', meta, 'reason', ARGV[2])
  touch(ARGV[index])
  publish(ARGV[index], '{RESET}', '{{"epoch":"' .. epoch .. '","reason":"' .. ARGV[2] .. '"}}')
end
redis.call('DEL', (keys('{LIFE}')))
open('{LIFE}')
"""
)
