package controlapi_test

import (
	"testing"
	"time"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/httpapi/contracttest"
	"github.com/headwaterhq/headwater/shared/httpapi/controlapi"
	"github.com/headwaterhq/headwater/shared/id"
)

func TestValidateAgain(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	target := "/v1/connections/" + c.ID + "/validations"
	first := s.ref(c)
	joined := contracttest.Into[controlapi.Validation](t, s.post(target, ""), 202)
	if joined.ID != first.ValidationID || len(s.started.validations) != 1 {
		t.Errorf("began %s beside the first one", joined.ID)
	}
	s.settle(first, fault.New(fault.ValidationAborted, "it died"))
	s.now = s.now.Add(time.Minute)

	answer := s.post(target, "")
	v := contracttest.Into[controlapi.Validation](t, answer, 202)
	if v.ID == first.ValidationID || v.Trigger != controlapi.Requested || v.Outcome != controlapi.ValidationOutcomeRunning || !v.StartedAt.Equal(s.now) {
		t.Errorf("validation %+v", v)
	}
	if got := answer.Header.Get("Location"); got != target+"/"+v.ID {
		t.Errorf("Location is %q", got)
	}
	if again := contracttest.Into[controlapi.Validation](t, s.post(target, "{}"), 202); again.ID != v.ID || len(s.started.validations) != 2 {
		t.Errorf("began %s beside %s; %d started", again.ID, v.ID, len(s.started.validations))
	}
	read := contracttest.Into[controlapi.Connection](t, s.get("/v1/connections/"+c.ID), 200)
	if read.Status != controlapi.Processing || read.StatusChange.Reason != "validation requested" || read.StatusChange.Actor != "key:test" || read.LastValidation.ID != v.ID {
		t.Errorf("connection %+v", read)
	}
	s.activate(c, profiles("orders"))
	ended := contracttest.Into[controlapi.Validation](t, s.get(target+"/"+v.ID), 200)
	if ended.Outcome != controlapi.ValidationOutcomePassed || len(ended.Checks) != 1 {
		t.Errorf("validation %+v", ended)
	}
	if old := contracttest.Into[controlapi.Validation](t, s.get(target+"/"+first.ValidationID), 200); old.Outcome != controlapi.ValidationOutcomeFailed {
		t.Errorf("the first validation %+v", old)
	}
}

func TestValidationsOfOthers(t *testing.T) {
	s := newStand(t)
	c := s.connect("exports")
	target := "/v1/connections/" + c.ID + "/validations"
	validation := target + "/" + s.ref(c).ValidationID
	for _, test := range []struct {
		request contracttest.Request
		code    string
	}{
		{contracttest.Request{Caller: other, Method: "POST", Target: target}, "connection.not_found"},
		{contracttest.Request{Caller: other, Target: validation}, "connection.not_found"},
		{contracttest.Request{Caller: acme, Target: target + "/" + id.New(id.Validation)}, "validation.not_found"},
		{contracttest.Request{Caller: acme, Target: target + "/nonsense"}, "validation.not_found"},
		{contracttest.Request{Caller: acme, Method: "POST", Target: "/v1/connections/nonsense/validations"}, "connection.not_found"},
		{contracttest.Request{Caller: acme, Target: "/v1/connections/" + id.New(id.Connection) + "/validations/" + s.ref(c).ValidationID}, "connection.not_found"},
	} {
		if answer := s.Do(t, test.request); answer.Status != 404 || answer.Problem.Code != test.code {
			t.Errorf("%s %s: %d %s", test.request.Method, test.request.Target, answer.Status, answer.Problem.Code)
		}
	}
}
