import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'
const base='/work/main/services/gateway/src/'
const { EVERY_PAGE }=await import(base+'connect/pages/test/every-page.ts')
const pages=new Map(EVERY_PAGE.map(p=>['/'+p.name.replaceAll(' ','-'),p.render(x=>x)]))
let posts=0
const s=createServer((q,r)=>{const u=q.url.split('?')[0]
 if(u.startsWith('/assets/')){r.writeHead(200,{'content-type':u.endsWith('css')?'text/css':u.endsWith('js')?'text/javascript':'image/svg+xml'}).end(readFileSync(base+'connect/pages'+u));return}
 if(q.method==='POST'){posts++; setTimeout(()=>r.end('x'),1500);return}
 if(pages.has(u)){r.writeHead(200,{'content-type':'text/html; charset=utf-8'}).end(pages.get(u));return} r.writeHead(503).end()}).listen(0,'127.0.0.1')
await new Promise(k=>setTimeout(k,100)); const o=`http://127.0.0.1:${s.address().port}`
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--headless','--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync']})
const p=await b.newPage({viewport:{width:320,height:640}})
for(const u of pages.keys()){await p.goto(o+u); if(await p.evaluate(()=>document.documentElement.scrollWidth>innerWidth))console.log('overflow 320',u)
 const small=await p.evaluate(()=>[...document.querySelectorAll('a.button,button,summary,input:not([type=hidden])')].filter(e=>e.offsetParent&&!e.matches('[type=radio],[type=checkbox]')).map(e=>[e.textContent.trim().slice(0,20),Math.round(e.getBoundingClientRect().height)]).filter(([,h])=>h<44)); if(small.length)console.log('small',u,small)
 const f=await p.evaluate(()=>document.activeElement?.id||document.activeElement?.tagName); if(f!=='BODY')console.log('focus',u,f)}
await p.goto(o+'/form'); await p.locator('[name="field.domain"]').fill('a'); await p.locator('[name="field.token"]').focus(); await p.keyboard.type('s3cret'); await p.keyboard.press('Tab'); await p.keyboard.press('Space')
assert.equal(await p.locator('[name="field.token"]').getAttribute('type'),'text'); console.log(await p.evaluate(()=>document.activeElement.textContent))
await p.keyboard.press('Enter'); assert.equal(await p.locator('[name="field.token"]').getAttribute('type'),'password'); await p.keyboard.press('Enter')
await p.locator('[name="field.token"]').press('Enter',{noWaitAfter:true}); await p.waitForTimeout(100); await p.locator('.button.primary').click({noWaitAfter:true}).catch(()=>{}); console.log(await p.locator('.button.primary').innerText(), await p.locator('[name="field.token"]').getAttribute('type')); await p.screenshot({path:'/tmp/shots/busy.png'}); await p.waitForTimeout(1800); console.log('posts',posts)
await p.goto(o+'/credentials'); await p.locator('summary').first().focus(); await p.keyboard.press('Enter'); await p.keyboard.press('Tab'); console.log(await p.evaluate(()=>document.activeElement.textContent)); await p.screenshot({path:'/tmp/shots/list320.png'})
await b.close(); s.close()
