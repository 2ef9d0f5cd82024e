package graytag_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"example.com/graytag"
)

// through sends a request with these headers to a service that calls another one for it, and
// returns what the other one saw.
func through(t *testing.T, headers http.Header, own http.Header) http.Header {
	t.Helper()
	var seen http.Header
	last := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
	}))
	defer last.Close()
	client := &http.Client{Transport: graytag.Transport{Base: http.DefaultTransport}}
	first := httptest.NewServer(graytag.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, last.URL, nil)
		if err != nil {
			t.Error(err)
			return
		}
		for name, values := range own {
			next.Header[name] = values
		}
		before := next.Header.Clone()
		answer, err := client.Do(next)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
		if !reflect.DeepEqual(next.Header, before) {
			t.Errorf("the caller's request has changed: %v, not %v", next.Header, before)
		}
	})))
	defer first.Close()

	request, err := http.NewRequest(http.MethodGet, first.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = headers
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return seen
}

func TestWhatIsPassedOn(t *testing.T) {
	const baggage = "userId=al%C3%AFce,x-gray-version=v2;a=b,shard=7 ; hot"
	for name, values := range map[string][]string{
		"X-Gray-Version": {"v2"},
		"Baggage":        {baggage, "region=eu"},
		"x-gray-version": {"v9", "v2\xff"},
	} {
		name = http.CanonicalHeaderKey(name)
		seen := through(t, http.Header{name: values, "X-Secret": {"yes"}}, nil)
		if !reflect.DeepEqual(seen.Values(name), values) {
			t.Errorf("%s: %q, not %q", name, seen.Values(name), values)
		}
		if seen.Get("X-Secret") != "" {
			t.Errorf("%s: X-Secret is passed on", name)
		}
	}
}

func TestNoTagMakesNone(t *testing.T) {
	seen := through(t, http.Header{}, nil)
	for _, name := range graytag.Headers {
		if values, there := seen[name]; there {
			t.Errorf("%s: %q out of nothing", name, values)
		}
	}
}

func TestWhatACallerSetsGoesFirst(t *testing.T) {
	seen := through(t, http.Header{"Baggage": {"a=1"}}, http.Header{"Baggage": {"b=2"}})
	if values := seen.Values("Baggage"); !reflect.DeepEqual(values, []string{"b=2"}) {
		t.Errorf("%q", values)
	}
}
