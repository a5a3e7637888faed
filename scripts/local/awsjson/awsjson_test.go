package awsjson_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/scripts/local/awsjson"
)

type input struct{ Name, Kind string }

func operate(_ context.Context, in input) (map[string]string, error) {
	switch in.Kind {
	case "fault":
		return nil, &awsjson.Fault{Code: "TooBadException", Message: "Too bad."}
	case "validation":
		return nil, &awsjson.Fault{Status: http.StatusConflict, Code: "ValidationException", Message: "Not so.", LowerCase: true}
	case "other":
		return nil, errors.New("the disk is full")
	}
	return map[string]string{"Hello": in.Name}, nil
}

func TestHandler(t *testing.T) {
	server := httptest.NewServer(awsjson.Handler("service", "1.1", map[string]awsjson.Operation{"Operate": awsjson.Typed(operate)}))
	t.Cleanup(server.Close)
	const planted = "planted-value"
	for _, tc := range []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"answer", "POST", "service.Operate", `{"Name":"you"}`, 200, `{"Hello":"you"}`},
		{"fault", "POST", "service.Operate", `{"Kind":"fault"}`, 400, `{"Message":"Too bad.","__type":"TooBadException"}`},
		{"fault of another kind", "POST", "service.Operate", `{"Kind":"validation"}`, 409, `{"__type":"ValidationException","message":"Not so."}`},
		{"any other error", "POST", "service.Operate", `{"Kind":"other"}`, 500, `{"Message":"the disk is full","__type":"InternalServiceError"}`},
		{"unknown operation", "POST", "service.Rotate", `{}`, 501, `{"__type":"NotImplementedException","message":"The laptop stack does not know the operation Rotate."}`},
		{"unknown field", "POST", "service.Operate", `{"Colour":"` + planted + `"}`, 501, `{"__type":"NotImplementedException","message":"The laptop stack does not know the field \"Colour\"."}`},
		{"wrong type", "POST", "service.Operate", `{"Name":["` + planted + `"]}`, 400, `{"__type":"SerializationException","message":"The field Name has the wrong type."}`},
		{"no JSON", "POST", "service.Operate", planted, 400, `{"__type":"SerializationException","message":"The body is not JSON of this operation."}`},
		{"another service", "POST", "other.Operate", `{}`, 400, `{"__type":"UnknownOperationException"}`},
		{"another method", "GET", "service.Operate", ``, 400, `{"__type":"UnknownOperationException"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, server.URL, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Amz-Target", tc.target)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(body)); res.StatusCode != tc.status || got != tc.want {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, got, tc.status, tc.want)
			}
			if res.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("content type: %s", res.Header.Get("Content-Type"))
			}
		})
	}
}
