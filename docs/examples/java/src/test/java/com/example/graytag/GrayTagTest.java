package com.example.graytag;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

/** A request is served, and for it one is made to a service that notes what it sees. */
class GrayTagTest {
    private HttpServer last;
    private Headers seen;

    @BeforeEach
    void serve() throws IOException {
        last = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        last.createContext("/", exchange -> {
            seen = exchange.getRequestHeaders();
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        last.start();
    }

    @AfterEach
    void stop() {
        last.stop(0);
    }

    private void restClient(String url) {
        RestClient.builder().requestFactory(new JdkClientHttpRequestFactory())
                .requestInterceptor(GrayTag.forRestClient()).build()
                .get().uri(url).retrieve().toBodilessEntity();
    }

    private void webClient(String url) {
        WebClient.builder().clientConnector(new JdkClientHttpConnector())
                .filter(GrayTag.forWebClient()).build()
                .get().uri(url).retrieve().toBodilessEntity().block();
    }

    private void through(MockHttpServletRequest request, Consumer<String> client) throws Exception {
        String url = "http://127.0.0.1:" + last.getAddress().getPort() + "/";
        new GrayTag().doFilter(request, new MockHttpServletResponse(), (asked, answered) -> client.accept(url));
    }

    @Test
    void theTagIsPassedOn() throws Exception {
        String baggage = "userId=al%C3%AFce,x-gray-version=v2;a=b";
        for (Consumer<String> client : List.<Consumer<String>>of(this::restClient, this::webClient)) {
            MockHttpServletRequest request = new MockHttpServletRequest("GET", "/");
            request.addHeader("x-gray-version", "v2");
            request.addHeader("baggage", baggage);
            request.addHeader("baggage", "region=eu");
            request.addHeader("x-secret", "yes");
            through(request, client);
            assertEquals(List.of("v2"), seen.get("x-gray-version"));
            assertEquals(List.of(baggage, "region=eu"), seen.get("baggage"));
            assertNull(seen.get("x-secret"));

            // The thread serves the next request.
            through(new MockHttpServletRequest("GET", "/"), client);
            assertNull(seen.get("x-gray-version"));
            assertNull(seen.get("baggage"));
        }
    }
}
