#pragma once

#include "drivers/probe/tls_client.hpp"
#include "io/task.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace cloudshelf::probe {

enum class Way { tcp, udp };
/// How a TCP connection ends. A reset leaves no port in TIME_WAIT, but a server that waits for more may log it.
enum class Parting { reset, orderly };

struct How {
    Way way = Way::tcp;
    Parting parting = Parting::reset;
    bool speaks_first = true;  // we do, at once: the acknowledgement that ends TCP's handshake goes with our words
};

/// The way to one target: TCP, TLS on it, or UDP. Closed at first, and again after close(). Handlers take an error and
/// a count of bytes (0 where there are none) and are never called from within the call that they were given to. The
/// link outlives what it has under way.
class Link {
public:
    using Error = boost::system::error_code;

    explicit Link(const io::Executor& executor) : tcp_(executor), udp_(executor) {}

    bool is_open() const { return tcp_.is_open() || udp_.is_open(); }
    const TlsClient& tls() const { return tls_; }

    /// A UDP socket gets a port that nobody can guess, and hears nobody else.
    template <class Handler>
    void connect(const boost::asio::ip::tcp::endpoint& to, How how, Handler handler) {
        Error problem;
        if (how.way == Way::udp) {
            udp_.open(boost::asio::ip::udp::v4(), problem);
            if (!problem) udp_.connect({to.address(), to.port()}, problem);
            return later(problem, 0, std::move(handler));
        }
        open_tcp(how, problem);
        if (problem) return later(problem, 0, std::move(handler));
        tcp_.async_connect(to, [handler = std::move(handler)](const Error& failure) mutable { handler(failure, 0); });
    }

    template <class Handler>
    void secure(const TlsTerms& terms, Handler handler) {
        tls_.begin(terms, tcp_.native_handle());
        run([](TlsClient& tls) { return tls.shake_hands(); }, First::yes, std::move(handler));
    }

    /// All of the bytes, which outlive the call.
    template <class Handler>
    void send(std::string_view bytes, Handler handler) {
        if (tls_.has_begun()) {
            run([bytes](TlsClient& tls) { return tls.write(bytes); }, First::yes, std::move(handler));
        } else if (udp_.is_open()) {
            udp_.async_send(boost::asio::buffer(bytes), std::move(handler));
        } else {
            boost::asio::async_write(tcp_, boost::asio::buffer(bytes), std::move(handler));
        }
    }

    /// Some bytes, or a datagram.
    template <class Handler>
    void receive(std::span<char> into, Handler handler) {
        if (tls_.has_begun()) {
            run([into](TlsClient& tls) { return tls.read(into); }, First::yes, std::move(handler));
        } else if (udp_.is_open()) {
            udp_.async_receive(boost::asio::buffer(into.data(), into.size()), std::move(handler));
        } else {
            tcp_.async_receive(boost::asio::buffer(into.data(), into.size()), std::move(handler));
        }
    }

    /// What is under way ends with an error.
    void close();

private:
    enum class First : bool { no, yes };

    void open_tcp(How how, Error& problem);

    template <class Handler>
    void later(Error problem, std::size_t count, Handler handler) {
        boost::asio::post(tcp_.get_executor(), [problem, count, handler = std::move(handler)]() mutable {
            handler(problem, count);
        });
    }

    /// Repeats a step of TLS until there is nothing to wait for.
    template <class Operation, class Handler>
    void run(Operation operation, First first, Handler handler) {
        const TlsClient::Step step = operation(tls_);
        if (step.want == TlsClient::Want::to_read || step.want == TlsClient::Want::to_write) {
            using Wait = boost::asio::socket_base;
            return tcp_.async_wait(
                step.want == TlsClient::Want::to_read ? Wait::wait_read : Wait::wait_write,
                [this, operation, handler = std::move(handler)](const Error& problem) mutable {
                    if (problem) return handler(problem, 0);
                    if (!tls_.has_begun())
                        return handler(boost::asio::error::operation_aborted, 0);  // closed meanwhile
                    run(operation, First::no, std::move(handler));
                }
            );
        }
        Error problem;
        if (step.want == TlsClient::Want::closed) problem = boost::asio::error::eof;
        if (step.want == TlsClient::Want::failed) problem = boost::asio::error::connection_aborted;
        if (first == First::yes) return later(problem, step.count, std::move(handler));
        handler(problem, step.count);
    }

    boost::asio::ip::tcp::socket tcp_;
    boost::asio::ip::udp::socket udp_;
    TlsClient tls_;
    Parting parting_{};
};

}  // namespace cloudshelf::probe
