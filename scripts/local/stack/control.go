package stack

import (
	"encoding/json"
	"net/http"
	"time"
)

// control is what has no counterpart on AWS: POST /_local/clock {"advance":"24h"} moves the time of the schedules,
// POST /_local/kill {"function":"extract"} kills a process in the middle of an invocation.
func (s *Stack) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_local/clock", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"now": s.scheduler.Now().Format(time.RFC3339)})
	})
	mux.HandleFunc("POST /_local/clock", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Advance string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "the body is not JSON", http.StatusBadRequest)
			return
		}
		d, err := time.ParseDuration(in.Advance)
		if err != nil || d < 0 {
			http.Error(w, "advance is not a positive duration such as 24h", http.StatusBadRequest)
			return
		}
		fired, err := s.AdvanceClock(d)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		started := []map[string]string{}
		for _, f := range fired {
			started = append(started, map[string]string{"schedule": f.Schedule, "slot": f.Slot.Format(time.RFC3339), "execution": f.Execution})
		}
		answer(w, map[string]any{"now": s.scheduler.Now().Format(time.RFC3339), "fired": started})
	})
	mux.HandleFunc("POST /_local/kill", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Function string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "the body is not JSON", http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"killed": s.KillFunction(in.Function)})
	})
	return mux
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
