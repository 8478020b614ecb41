// Open loop: requests leave at their time, whether or not earlier ones have been answered.
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    open: { executor: "constant-arrival-rate", rate: 100, timeUnit: "1s", duration: "4s", preAllocatedVUs: 50 },
  },
  thresholds: { checks: ["rate==1"], dropped_iterations: ["count==0"], http_req_failed: ["rate==0"] },
};
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "say=text" }] });
const params = { headers: { "Content-Type": "application/json" } };

export default function () {
  const answer = http.post(`http://${__ENV.BALANCER}/v1/chat/completions`, body, params);
  check(answer, { answered: (r) => r.status === 200 && r.body.includes("one two three") });
}
