#include "reader.h"

#include <cstdlib>

namespace standin {

void Reader::fail(const std::string& why) const {
    std::string before;
    for (size_t i = at_; i-- > 0 && tokens_[i].line == peek().line && tokens_[i].text != ";";) {
        before = tokens_[i].text + " " + before;
    }

    throw PtxError("line " + std::to_string(peek().line) + ": `" + before + "`: " + why);
}

bool Reader::skip(const char* text) {
    if (!is(text)) {
        return false;
    }

    next();
    return true;
}

void Reader::expect(const char* text) {
    if (!skip(text)) {
        fail("`" + std::string(text) + "` is missing before `" + peek().text + "`");
    }
}

uint64_t Reader::integer() {
    std::string text = next().text;
    while (!text.empty() && text.back() == 'U') {
        text.pop_back();
    }

    char* end = nullptr;
    const bool binary = text.compare(0, 2, "0b") == 0 || text.compare(0, 2, "0B") == 0;
    const uint64_t value = std::strtoull(text.c_str() + (binary ? 2 : 0), &end, binary ? 2 : 0);
    if (text.empty() || *end != 0) {
        fail("`" + text + "` is no integer");
    }

    return value;
}


Type Reader::type_after_dot() {
    const std::string word = next().text;
    const auto type = word.size() > 1 && word[0] == '.' ? type_named(word.substr(1)) : std::nullopt;
    if (!type) {
        fail("`" + word + "` is no type");
    }

    return *type;
}

Operand Reader::operand() {
    Operand made;
    if (skip("{")) {
        made.shape = Operand::Vector;
        do {
            made.parts.push_back(operand());
        } while (skip(","));
        expect("}");
        return made;
    }

    return skip("[") ? address() : single();
}

Operand Reader::address() {
    Operand made;
    made.shape = Operand::Address;
    if (peek().shape == Token::Number) {
        made.value = integer();
    } else {
        made.name = next().text;
    }

    if (skip("+")) {
        made.offset = skip("-") ? -static_cast<int64_t>(integer()) : static_cast<int64_t>(integer());
    } else if (skip("-")) {
        made.offset = -static_cast<int64_t>(integer());
    }

    expect("]");
    return made;
}

Operand Reader::single() {
    Operand made;
    made.negated = skip("!");
    const bool minus = skip("-");
    const std::string text = peek().text;
    if (peek().shape == Token::Word && !minus) {
        next();
        made.shape = text == "_" ? Operand::Sink : Operand::Name;
        made.name = text;
    } else if (peek().shape == Token::Number) {
        // PTX ISA 4.5.2: 0f and 0d say the bits of a float.
        const bool hexadecimal = text.size() > 2 && text[0] == '0' && std::string("fFdD").find(text[1]) != std::string::npos;
        if (hexadecimal && !minus && (text.size() == 10 || text.size() == 18)) {
            next();
            made.shape = text.size() == 10 ? Operand::Float32 : Operand::Float64;
            made.value = std::strtoull(text.c_str() + 2, nullptr, 16);
        } else {
            made.shape = Operand::Integer;
            made.value = integer();
            made.value = minus ? 0 - made.value : made.value;
        }
    } else {
        fail("`" + text + "` is no operand");
    }

    return made;
}

Statement Reader::statement() {
    Statement made;
    made.line = peek().line;
    const size_t first = at_;
    if (skip("@")) {
        made.guard_negated = skip("!");
        made.guard = next().text;
    }

    if (peek().shape != Token::Word || peek().text[0] == '.' || peek().text[0] == '%') {
        fail("`" + peek().text + "` is no instruction");
    }

    const std::string name = next().text;
    size_t dot = name.find('.');
    made.opcode = name.substr(0, dot);
    while (dot != std::string::npos) {
        const size_t end = name.find('.', dot + 1);
        made.modifiers.push_back(name.substr(dot + 1, end == std::string::npos ? end : end - dot - 1));
        dot = end;
    }

    while (!is(";")) {
        made.operands.push_back(operand());
        if (made.operands.size() == 1 && skip("|")) {
            made.second.push_back(operand());
        }

        if (!skip(",") && !is(";")) {
            fail("`" + peek().text + "` stands where an operand ends");
        }
    }

    for (size_t i = first; i < at_; i++) {
        made.text += (i == first || tokens_[i].shape == Token::Punctuation ? "" : " ") + tokens_[i].text;
    }

    next();
    return made;
}

}
