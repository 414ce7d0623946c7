-- For wrk: the addresses in a file by turns, then what came of it as JSON.
-- wrk -s turns.lua URL -- FILE [HEADER: VALUE]

local requests, turn = {}, 0

function init(arguments)
   local headers = { Host = "localhost" }
   if arguments[2] then
      local name, value = arguments[2]:match("^([^:]+): (.*)$")
      headers[name] = value
   end
   for path in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format("GET", path, headers)
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "bytes": %d, "seconds": %f, "errors": %d, ' ..
      '"p50": %f, "p99": %f}\n',
      summary.requests, summary.bytes, summary.duration / 1e6,
      errors.connect + errors.read + errors.write + errors.status +
      errors.timeout, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3))
end
